"""A clinic's records as FHIR R4, judged by a library's models of the standard."""

from __future__ import annotations

import json
from collections import Counter
from importlib import import_module
from itertools import groupby
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.appointments.demo import fill_demo_clinic
from clinical.appointments.models import Appointment
from clinical.documents.models import Document
from clinical.fhir.export import RECORDS, bundle_of_patient, resources_of_clinic
from clinical.notes.models import Note
from clinical.patients.models import (
    Address,
    ContactPoint,
    Patient,
    PatientIdentifier,
)
from onboarding.demo_data.records import fill_around_today, fill_demo_records
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])


def _judge(resource: dict) -> None:
    """Let the library read it as the wire has it."""
    text = json.dumps(resource, ensure_ascii=False)
    module = import_module(f"fhir.resources.R4B.{resource['resourceType'].lower()}")
    model = getattr(module, resource["resourceType"])
    model.model_validate_json(text)
    for name, field in model.model_fields.items():  # the codes that FHIR requires; not validated
        allowed = (field.json_schema_extra or {}).get("enum_values")
        if allowed and name in resource:
            assert resource[name] in allowed, f"{resource['resourceType']}.{name}"


def _odd_patient(family_name: str) -> Patient:
    odd = Patient.objects.create(
        given_names="  ", family_name=family_name, title="\x07Dr", sex="other",
        preferred_name=" ", former_names="Ex\x00ample"[:2],
    )  # fmt: skip
    for kind, value in (
        ("medicare", "2123456701"),
        ("dva", "NX901"),
        ("health", "8003608"),
        ("ndis", "430"),
        ("other", " "),
    ):
        PatientIdentifier.objects.create(patient=odd, kind=kind, value=value, reference="1")
    ContactPoint.objects.create(patient=odd, kind="other", value="Facebook: me")
    Address.objects.create(patient=odd, kind="postal", lines="PO Box 1\n\nNowhere", suburb="")
    now = timezone.now()
    for status in Appointment.Status.values:
        Appointment.objects.create(
            patient=odd, starts_at=now, ends_at=now + timezone.timedelta(seconds=20), status=status
        )
    Appointment.objects.create(starts_at=now, ends_at=now + timezone.timedelta(hours=1))
    Document.objects.create(patient=odd, size=2**40, title=" ")
    Note.objects.create(patient=odd, body="", noted_at=now)
    return odd


def test_everything_of_a_demo_clinic_is_valid_and_whole_and_the_neighbours_is_not_in_it(
    alpha, beta
):
    fill_demo_clinic(alpha)
    fill_demo_records(alpha)
    fill_around_today(alpha)
    with tenant_scope(beta):
        _odd_patient("Canaryname")
    with tenant_scope(alpha):
        odd = _odd_patient("Odd")
        Appointment.objects.filter(seats__gt=1).update(notes="Beside Otherby")
        found = list(resources_of_clinic())
        patients = Patient.everyone.count()
        visits = Appointment.objects.count()

    counts = Counter(kind for kind, _ in found)
    for kind, resource in found:
        assert kind == resource["resourceType"]
        _judge(resource)
    assert counts["Patient"] == patients
    assert counts["Appointment"] == visits
    assert {kind for source in RECORDS if (kind := source.kind)} <= set(counts)
    assert len({(kind, resource["id"]) for kind, resource in found}) == len(found)
    assert len(list(groupby(found, key=lambda pair: pair[0]))) == len(counts), "types are scattered"
    assert "Canaryname" not in json.dumps(found)
    known = {f"{kind}/{resource['id']}" for kind, resource in found}
    missing = {name for _, resource in found for name in _named(resource)} - known
    assert not missing

    with tenant_scope(alpha):
        of_odd = bundle_of_patient(str(odd.pk))
        bundles = {
            str(pk): bundle_of_patient(pk)
            for pk in Patient.objects.exclude(pk=odd.pk).values_list("pk", flat=True)
        }
        in_groups = Appointment.objects.filter(patient__isnull=False, group__isnull=False)
        in_a_group = str(in_groups.values_list("patient", flat=True)[:1].get())
    _judge(of_odd)
    _judge(bundles[in_a_group])
    _judge(max(bundles.values(), key=lambda bundle: len(bundle["entry"])))
    assert "Otherby" in json.dumps(found)
    assert "Otherby" not in json.dumps(bundles)
    for pk, bundle in bundles.items():
        about = [entry["resource"] for entry in bundle["entry"]]
        assert [one["id"] for one in about if one["resourceType"] == "Patient"] == [pk]
        inside = {f"{one['resourceType']}/{one['id']}" for one in about}
        assert not set(_named(about)) - inside


def _named(value):
    if isinstance(value, dict):
        if "reference" in value:
            yield value["reference"]
        for part in value.values():
            yield from _named(part)
    elif isinstance(value, list):
        for part in value:
            yield from _named(part)


def test_the_judge_refuses_what_fhir_does():
    for wrong in (
        {"resourceType": "Patient", "id": "1", "gender": "f"},
        {"resourceType": "Patient", "id": "1", "birthDate": "yesterday"},
        {"resourceType": "Appointment", "id": "1", "status": "booked"},
    ):
        with pytest.raises((ValueError, AssertionError)):
            _judge(wrong)


def test_as_many_questions_are_asked_of_one_patient_as_of_thirty(in_alpha):
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            list(resources_of_clinic())
        return len(queries)

    _odd_patient("First")
    once = asked()
    for place in range(29):
        _odd_patient(f"Another {place}")
    assert asked() == once


def test_nobody_is_answered_for_a_patient_of_another_clinic(alpha, beta):
    with tenant_scope(beta):
        theirs = _odd_patient("Theirs").pk
    with tenant_scope(alpha), pytest.raises(Patient.DoesNotExist):
        bundle_of_patient(UUID(str(theirs)))
