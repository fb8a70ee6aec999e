from __future__ import annotations

from dataclasses import replace

import pytest

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Location
from onboarding.imports.decisions import Decision
from onboarding.imports.lookups import (
    accept_suggestions,
    lookup_groups,
    progress_of,
    read_decisions,
)
from onboarding.imports.mapping import MappingSpec
from onboarding.imports.models import ImportRun, RowResult
from onboarding.imports.runs import begin_run
from onboarding.imports.services import load_run, proposed_spec, read_file, save_mapping
from onboarding.imports.upload import receive_file
from tenants.scope import NOBODY, tenant_scope

ANN = {"ID_Patient": "1001", "Name First": "Ann", "Name Last": "Lee", "Clinic ID": "1"}
BOB = {"ID_Patient": "1002", "Name First": "Bob", "Name Last": "Ray", "Clinic ID": "9"}
NORTH = {"ID_Clinic": "1", "Clinic Name": "Nothside"}
SOUTH = {"ID_Clinic": "2", "Clinic Name": "Harbour"}


def visit(word, patient="1001"):
    return {"Patient ID": patient, "Date": "5/01/2026", "Start Time": "9:00:00", "Type": word,
            "Status": "Booked"}  # fmt: skip


@pytest.fixture
def read(alpha, clinic_file):
    """Reads a small file: the run, ready to be mapped."""

    def reading(**tables):
        with tenant_scope(alpha):
            run = begin_run(receive_file(clinic_file(**tables), actor=NOBODY), actor=NOBODY)
        read_file(alpha, run.pk, live=False)
        with tenant_scope(alpha):
            return ImportRun.objects.select_related("source").get(pk=run.pk)

    return reading


def values_of(run, entity, spec=None):
    groups = lookup_groups(run.source, spec or proposed_spec(run))
    found = next((group for group in groups if group.entity == entity), None)
    return {value.text: value for value in found.values} if found else {}


def decide(run, clinic, **decisions):
    """Save decisions for types of appointments by their words, and load."""
    with tenant_scope(clinic):
        spec = proposed_spec(run)
        made = {scope: dict(found) for scope, found in spec.decisions.items()}
        for scope, found in decisions.items():
            made.setdefault(scope, {}).update(found)
        save_mapping(run, replace(spec, decisions=made), actor=NOBODY)
    load_run(clinic, run.pk, live=False, unchecked=True)


def test_words_are_counted_and_those_that_are_here_need_no_decision(alpha, read):
    with tenant_scope(alpha):
        AppointmentType.objects.create(name="Standard consult", duration_minutes=30)
    run = read(
        Patients=[ANN], Appointments=[visit("STANDARD  consult"), visit("Gait"), visit("Gait")]
    )

    with tenant_scope(alpha):
        found = values_of(run, "appointment_type")

    assert {text: (v.count, v.is_decided) for text, v in found.items()} == {
        "STANDARD consult": (1, True),
        "Gait": (2, False),
    }
    assert found["Gait"].where == ["Appointments::Type"]


def test_a_word_written_almost_like_one_here_is_suggested_with_the_reason(alpha, read):
    with tenant_scope(alpha):
        here = AppointmentType.objects.create(name="Standard consult", duration_minutes=30)
    run = read(Patients=[ANN], Appointments=[visit("Standart consult"), visit("Other")])

    with tenant_scope(alpha):
        found = values_of(run, "appointment_type")

    near = found["Standart consult"]
    assert near.suggestion == Decision("match", here.name, str(here.pk), "Standart consult")
    assert near.reason == "Written almost like “Standard consult”."
    assert found["Other"].suggestion.verdict == "create"


def test_each_word_becomes_what_was_decided_for_it(alpha, read):
    with tenant_scope(alpha):
        here = AppointmentType.objects.create(name="Standard consult", duration_minutes=30)
    run = read(
        Patients=[ANN],
        Appointments=[visit("std"), visit("Gait"), visit("???x"), visit("bad")],
    )

    decide(run, alpha, appointment_type={
        "std": Decision("match", here.name, str(here.pk)),
        "gait": Decision("create", "Gait analysis"),
        "x": Decision("empty"),
        "bad": Decision("quarantine"),
    })  # fmt: skip

    with tenant_scope(alpha):
        visits = Appointment.objects.order_by("created_at", "id")
        kinds = [v.appointment_type.name if v.appointment_type else None for v in visits]
        assert sorted(map(str, kinds)) == ["Gait analysis", "None", "Standard consult"]
        left = visits.get(appointment_type=None)
        assert left.extra["Type"] == "???x"
        aside = RowResult.objects.get(outcome="quarantined")
        assert aside.reason == "Set aside: decided so for the appointment type in “Type”."
        assert not AppointmentType.objects.filter(name__in=["std", "Gait", "bad"]).exists()


def test_a_record_of_the_files_own_table_is_matched_as_decided(alpha, read):
    with tenant_scope(alpha):
        here = Location.objects.create(name="Northside")
    run = read(Patients=[ANN], Clinics=[NORTH, SOUTH])
    with tenant_scope(alpha):
        found = values_of(run, "location")
        assert found["Nothside"].suggestion.id == str(here.pk)
        assert found["Harbour"].is_decided

    decide(run, alpha, location={"nothside": Decision("match", "Northside", str(here.pk))})

    with tenant_scope(alpha):
        assert Patient.objects.get().location == here
        assert sorted(Location.objects.values_list("name", flat=True)) == ["Harbour", "Northside"]


def test_records_of_a_clinic_that_is_set_aside_are_set_aside_too(alpha, read):
    run = read(Patients=[ANN, BOB], Clinics=[NORTH, SOUTH])

    decide(run, alpha, location={"nothside": Decision("quarantine")})

    with tenant_scope(alpha):
        reasons = sorted(
            RowResult.objects.filter(outcome="quarantined").values_list("reason", flat=True)
        )
        assert reasons == [
            "Set aside: decided so for the location in “Clinic ID”.",
            "Set aside: decided so for this location.",
        ]
        assert [p.given_names for p in Patient.objects.all()] == ["Bob"]


def test_a_number_that_no_record_has_can_be_given_a_meaning(alpha, read):
    with tenant_scope(alpha):
        here = Location.objects.create(name="Old town")
    run = read(Patients=[ANN, BOB], Clinics=[NORTH, SOUTH])
    with tenant_scope(alpha):
        value = values_of(run, "location")["9"]
        assert (value.count, value.suggestion.verdict) == (1, "empty")

    decide(run, alpha, **{value.scope: {"9": Decision("match", "Old town")}})

    with tenant_scope(alpha):
        assert Patient.objects.get(given_names="Bob").location == here


def test_the_form_keeps_decisions_and_counts_them(alpha, read):
    run = read(Patients=[ANN], Appointments=[visit("Gait"), visit("Casting")])
    with tenant_scope(alpha):
        spec = proposed_spec(run)
        groups = lookup_groups(run.source, spec)
        gait = next(v for g in groups for v in g.values if v.text == "Gait")

        spec = read_decisions(spec, groups, {gait.name: "quarantine"})
        assert progress_of(lookup_groups(run.source, spec)) == (1, 3)
        spec = accept_suggestions(spec, lookup_groups(run.source, spec))

        assert progress_of(lookup_groups(run.source, spec)) == (3, 3)
        assert spec.decisions["appointment_type"]["gait"].verdict == "quarantine"
        assert MappingSpec.from_json(spec.as_json()) == spec
        taken_back = read_decisions(spec, lookup_groups(run.source, spec), {gait.name: ""})
        assert "gait" not in taken_back.decisions["appointment_type"]


def test_what_is_the_same_for_all_is_a_word_like_any_other(alpha, read):
    run = read(Patients=[ANN, BOB])
    with tenant_scope(alpha):
        spec = proposed_spec(run)
        rule = spec.of_entity("patient")[0]
        fields = tuple(f for f in rule.fields if f.to != "location")
        spec = spec.with_table(replace(rule, fields=fields, constants=(("location", "Harbour"),)))
        assert values_of(run, "location", spec)["Harbour"].suggestion.verdict == "create"
        save_mapping(run, spec, actor=NOBODY)

    load_run(alpha, run.pk, live=False, unchecked=True)

    with tenant_scope(alpha):
        assert {p.location.name for p in Patient.objects.all()} == {"Harbour"}
