"""A sandbox: the clinic's shape with invented people, and nothing of the real ones anywhere in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from clinical.appointments.models import Appointment
from clinical.documents.models import Document
from clinical.notes.models import Note
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from onboarding.lifecycle import anonymous
from tenants import jobs
from tenants.checksums import columns_of_table, tables_of_clinic
from tenants.models import Job, Tenant
from tenants.scope import platform_scope, public_scope, tenant_scope
from tenants.storage import platform_storage

CANARY = ("Zyxwalda", "Quorthane", "0411777333", "+61411777333", "zyxwalda@", "Grzmotowa", "kryptonite",
          "Bartholomeus", "28-word-secret")  # fmt: skip


@pytest.fixture
def filled(committed, alpha):
    """Put a patient of whom nothing may be found again into the clinic."""
    with tenant_scope(alpha):
        owner = User.objects.create(email="owner@alpha.test", name="Olive Owner", role="owner")
        User.objects.create(email="bart@alpha.test", name="Bartholomeus Basil", role="reception")
        patient = Patient.objects.create(
            given_names="Zyxwalda", family_name="Quorthane", notes="allergic to kryptonite",
            date_of_birth=date(1980, 5, 17), extra={"employer": "Grzmotowa"},
        )  # fmt: skip
        ContactPoint.objects.create(
            patient=patient, kind="mobile", value="0411777333", normalised="+61411777333"
        )
        ContactPoint.objects.create(
            patient=patient,
            kind="email",
            value="zyxwalda@home.test",
            normalised="zyxwalda@home.test",
        )
        room = Location.objects.create(name="Main room")
        kind = AppointmentType.objects.create(name="Check", duration_minutes=30)
        who = Practitioner.objects.create(name="Bartholomeus Basil")
        starts = datetime(2026, 11, 3, 9, tzinfo=UTC)
        Appointment.objects.create(
            patient=patient, practitioner=who, location=room, appointment_type=kind, starts_at=starts,
            ends_at=starts + timedelta(minutes=30), notes="kryptonite again",
        )  # fmt: skip
        Note.objects.create(
            patient=patient, title="kryptonite", body="28-word-secret of Zyxwalda",
            author_name="Bartholomeus Basil", noted_at=starts,
        )  # fmt: skip
        Document.objects.create(
            patient=patient, file_name="Quorthane.pdf", title="Zyxwalda's X-ray", sha256="0" * 64,
            storage_key="patients/Quorthane.pdf", media_type="application/pdf", size=9,
        )  # fmt: skip
        platform_storage().save("patients/Quorthane.pdf", ContentFile(b"Quorthane"))
    return owner


def asked(clinic, **params) -> Job:
    with platform_scope():
        return jobs.ask("clone", clinic, asked_by="Olga", asked_from="operators", **params)


def test_every_column_of_every_table_is_classified(in_alpha):
    """A new table or column has to be given a rule in onboarding/lifecycle/anonymous_rules.py."""
    tables = {table: columns_of_table(table) for table in tables_of_clinic()}

    assert anonymous.unclassified(tables) == []
    known = set(anonymous.recipes()) | anonymous.dropped()
    assert {"patients_patient", "notes_note"} <= known


def test_a_column_nobody_has_thought_of_stops_the_copy():
    questions = anonymous.unclassified(
        {
            "patients_patient": {
                **dict.fromkeys(anonymous.recipes()["patients_patient"].rules, "text"),
                "mothers_name": "character varying",
            },
            "brand_new": {"id": "uuid"},
        }
    )

    assert questions == ["brand_new: neither copied nor left out",
                         "patients_patient.mothers_name: no rule"]  # fmt: skip


def test_nothing_of_a_real_person_is_in_the_sandbox(filled, alpha, superuser, sign_in, monkeypatch):
    job = asked(alpha, target="alpha-play", email="owner@alpha.test")

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    for what in (
        "tenants.jobs.Work.keep",
        "tenants.migrate.build_schema",
        "onboarding.lifecycle.cloning.set_sequences",
        "tenants.storage.ScopedFileSystemStorage._save",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(what, die)
            with pytest.raises(KeyboardInterrupt):
                jobs.run(job.pk)
        with public_scope(using="owner"):
            Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))
    done = jobs.run(job.pk)

    assert (done.state, done.problem) == (Job.State.DONE, "")
    assert (done.result["patients"], done.result["files"]) == (1, 1)
    with public_scope(using="owner"):
        sandbox = Tenant.objects.get(subdomain="alpha-play")
        assert Tenant.objects.filter(sandbox_of=alpha).count() == 1
    assert (sandbox.state, sandbox.sandbox_of_id) == ("active", alpha.pk)
    assert found_in(superuser, alpha.schema_name) >= {"Zyxwalda", "kryptonite", "+61411777333"}
    assert found_in(superuser, sandbox.schema_name) == set()

    with tenant_scope(sandbox):
        patient = Patient.objects.get()
        assert patient.given_names in anonymous.GIVEN
        assert patient.date_of_birth != date(1980, 5, 17)
        assert (date(1980, 5, 17) - patient.date_of_birth).days % 7 == 0
        visit = Appointment.objects.get()
        assert (visit.ends_at - visit.starts_at) == timedelta(minutes=30)
        stub = Document.objects.get()
        with platform_storage().stream(stub.storage_key) as file:
            assert file.read() == anonymous.STUB
        assert set(User.objects.values_list("email", "is_active")) > {("owner@alpha.test", True)}
        assert User.objects.filter(is_active=True).count() == 1
    page = sign_in(sandbox, "owner").get("/patients/")
    assert page.status_code == 200
    assert b"Sandbox" in page.content
    assert patient.family_name.encode() in page.content
    assert jobs.run(job.pk) is None


def found_in(raw, schema: str) -> set[str]:
    """Answer which of the canary's words stand anywhere in a schema, whatever the table."""
    tables = raw.execute(
        "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = to_regnamespace(%s) "
        "AND relkind IN ('r', 'm')", [schema],
    ).fetchall()  # fmt: skip
    found = set()
    for (table,) in tables:
        for word in CANARY:
            hit = raw.execute(
                f'SELECT 1 FROM "{schema}".{table} AS t WHERE t::text ILIKE %s LIMIT 1',
                [f"%{word}%"],
            ).fetchone()
            if hit:
                found.add(word)
    return found
