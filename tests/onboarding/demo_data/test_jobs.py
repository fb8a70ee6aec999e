"""Demo data in a clinic of somebody's own: all of it in, all of it out, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import FundingType, Location, Practitioner
from onboarding.demo_data import filling, tables
from onboarding.demo_data.kinds import FILL, REMOVE
from onboarding.demo_data.models import DemoTable
from onboarding.demo_data.selectors import is_filled
from tenants import jobs
from tenants.models import Job
from tenants.scope import Actor, public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def owner(alpha):
    with tenant_scope(alpha):
        return User.objects.create(email="owner@example.com", name="Dana Delta", role="owner")


@pytest.fixture
def few(monkeypatch):
    """Only the practice and its diary: enough where it is not about every table."""
    monkeypatch.setattr(filling.records, "fill_demo_records", lambda *_args, **_named: 0)
    monkeypatch.setattr(filling.records, "WITHOUT_BILLS", ())


def _do(clinic, kind: str) -> Job:
    with public_scope(using="owner"):
        job = jobs.ask(kind, clinic, asked_by="owner@example.com", asked_from="clinic")
    jobs.run(job.pk)
    with public_scope(using="owner"):
        job.refresh_from_db()
    return job


def _as(owner) -> Actor:
    return Actor(id=str(owner.pk), label=owner.name)


def test_what_comes_in_goes_out_and_what_the_clinic_made_stays(alpha, owner, superuser):
    with tenant_scope(alpha, actor=_as(owner)):
        own = Location.objects.create(name="Our own rooms")
        before = tables.all_keys()

    filled = _do(alpha, FILL)

    assert (filled.state, filled.problem) == (Job.State.DONE, "")
    with tenant_scope(alpha):
        assert Patient.objects.count() == 60
        assert User.objects.count() > 1, "somebody invented works here too"
        known = sum(len(row.keys) for row in DemoTable.objects.all())
        assert known == filled.result["rows"] == _count(tables.all_keys()) - _count(before)
    again = _do(alpha, FILL)
    assert again.state == Job.State.DONE, "a job that is run twice fills once"
    with tenant_scope(alpha):
        assert Patient.objects.count() == 60

    removed = _do(alpha, REMOVE)

    assert (removed.state, removed.problem) == (Job.State.DONE, "")
    assert removed.result["stays"] == {}
    with tenant_scope(alpha):
        assert not is_filled()
        assert tables.all_keys() == before
        assert list(User.objects.all()) == [owner]
        assert list(Location.objects.all()) == [own]
    left = superuser.execute(
        "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n "
        "ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'",
        [alpha.schema_name],
    ).fetchone()
    assert left[0] > len(tables.key_columns()), "more tables than those that are looked at"


def test_what_people_have_worked_with_stays_with_what_it_needs(alpha, owner, few):
    _do(alpha, FILL)
    now = timezone.now()
    with tenant_scope(alpha, actor=_as(owner)):
        patient = Patient.objects.order_by("pk").first()
        clinician = Practitioner.objects.order_by("pk").first()
        visit = Appointment.objects.create(
            patient=patient,
            practitioner=clinician,
            starts_at=now + timedelta(days=300),
            ends_at=now + timedelta(days=300, hours=1),
        )
        own_patient = Patient.objects.create(given_names="Real", family_name="Person")
        adopted = Location.objects.exclude(pk=patient.location_id).first()
        adopted.phone = "(02) 5550 0199"
        adopted.save()

    removed = _do(alpha, REMOVE)

    with tenant_scope(alpha):
        assert set(Patient.objects.all()) == {patient, own_patient}
        assert list(Practitioner.objects.all()) == [clinician]
        assert list(Appointment.objects.all()) == [visit]
        assert set(Location.objects.all()) == {
            adopted,
            Location.objects.get(pk=patient.location_id),
        }
        assert list(FundingType.objects.values_list("pk", flat=True)) == [patient.funding_type_id]
        assert not is_filled()
    assert removed.result["stays"] == {"patients": 1, "clinicians": 1, "locations": 2}


def test_a_clinic_with_patients_is_not_filled(alpha, owner):
    with tenant_scope(alpha):
        Patient.objects.create(given_names="Real", family_name="Person")

    refused = _do(alpha, FILL)

    assert refused.state == Job.State.FAILED
    assert "without patients" in refused.problem
    with tenant_scope(alpha):
        assert (Patient.objects.count(), is_filled()) == (1, False)


def test_a_worker_that_dies_leaves_nothing_and_another_does_it_all(alpha, owner, few, monkeypatch):
    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with public_scope(using="owner"):
        job = jobs.ask(FILL, alpha, asked_by="owner@example.com", asked_from="clinic")
    with monkeypatch.context() as broken:
        broken.setattr(filling, "_remember", die)
        with pytest.raises(KeyboardInterrupt):
            jobs.run(job.pk)
    with tenant_scope(alpha):
        assert (Patient.objects.count(), is_filled()) == (0, False)
    with public_scope(using="owner"):
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))

    jobs.run(job.pk)

    with tenant_scope(alpha):
        assert (Patient.objects.count(), is_filled()) == (60, True)


def test_rows_that_others_write_meanwhile_are_not_taken_for_demo_rows(
    alpha, owner, few, superuser, monkeypatch
):
    """Without the one moment of the transaction the neighbour at the desk would lose a row."""
    remember = filling._remember

    def meanwhile(before):
        superuser.execute(f"SET search_path = {alpha.schema_name}")
        superuser.execute(f"SET rls.tenant_id = '{alpha.pk}'")
        superuser.execute("SET nexus.actor = ''")
        superuser.execute(
            "INSERT INTO practice_fundingtype (id, name, is_active, tenant_id) "
            "VALUES (gen_random_uuid(), 'Typed meanwhile', true, %s)",
            [alpha.pk],
        )
        return remember(before)

    monkeypatch.setattr(filling, "_remember", meanwhile)
    _do(alpha, FILL)

    _do(alpha, REMOVE)

    with tenant_scope(alpha):
        assert list(FundingType.objects.values_list("name", flat=True)) == ["Typed meanwhile"]


def _count(keys) -> int:
    return sum(len(rows) for rows in keys.values())
