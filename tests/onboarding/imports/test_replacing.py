"""A full re-import: everything loaded anew in place of what was there, in one transaction, reversible."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.notes.models import Note
from clinical.notes.services import NoteText, amend_note
from clinical.patients.merging import merge_patients
from clinical.patients.models import ContactPoint, Patient
from onboarding.imports.loading.engine import Loader
from onboarding.imports.models import ImportLink, ImportRun
from onboarding.imports.replacing import edited_here, made_by_hand
from onboarding.imports.services import import_file, undo_run
from onboarding.imports.snapshot import snapshot_models
from tenants.scope import Actor, tenant_scope

OWNER = Actor(label="Olive Owner")
REPLACE = {"mode": ImportRun.Mode.REPLACE}


def images(tenant):
    """Every row of the clinic's records, to tell whether anything is different."""
    found = {}
    with tenant_scope(tenant), connection.cursor() as cursor:
        for model in snapshot_models():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{model._meta.db_table}" t ORDER BY id')
            found[model._meta.db_table] = [row for (row,) in cursor.fetchall()]
    return found


def last_run(tenant):
    with tenant_scope(tenant):
        return ImportRun.objects.select_related("source").first()


def patients_by_record(tenant):
    with tenant_scope(tenant):
        links = ImportLink.objects.filter(target_type="patient")
        return dict(links.values_list("record_id", "target_id"))


def test_the_same_file_again_changes_nothing_and_keeps_every_id_and_number(alpha, demo):
    import_file(alpha, demo.path, actor=OWNER)
    before, ids = images(alpha), patients_by_record(alpha)

    report = import_file(alpha, demo.path, actor=OWNER, **REPLACE)

    assert report["holds"] is True
    assert report["totals"]["created"] == 0
    assert patients_by_record(alpha) == ids
    now = images(alpha)
    assert now["patients_patient"] == before["patients_patient"]
    assert now["appointments_appointment"] == before["appointments_appointment"]
    assert len(now["patients_contactpoint"]) == len(before["patients_contactpoint"])


def test_edits_made_here_are_listed_and_replaced_and_undoing_brings_them_back(alpha, demo):
    import_file(alpha, demo.path, actor=OWNER)
    with tenant_scope(alpha):
        edited = Patient.objects.exclude(family_name="").first()
        was, edited.family_name = edited.family_name, "Edited-Here"
        edited.save()
    before = images(alpha)
    with tenant_scope(alpha):
        assert edited_here(last_run(alpha).source.key) == 1

    import_file(alpha, demo.path, actor=OWNER, **REPLACE)
    with tenant_scope(alpha):
        assert Patient.objects.get(pk=edited.pk).family_name == was
    undone = undo_run(alpha, last_run(alpha).pk)

    assert undone["kept"] == []
    assert undone["differs_from_snapshot"] == []
    assert images(alpha) == before


def test_what_was_made_by_hand_stays_unless_the_clinic_says_otherwise(alpha, demo):
    import_file(alpha, demo.path, actor=OWNER)
    with tenant_scope(alpha):
        own = Patient.objects.create(given_names="Made", family_name="Here")
        phone = ContactPoint.objects.create(patient=own, kind="mobile", value="0491570006")
        imported = Patient.objects.filter(appointments__isnull=False).first()
        visit = Appointment.objects.create(
            patient=imported, starts_at="2027-01-05T01:00Z", ends_at="2027-01-05T02:00Z"
        )
        listed = {found.kind: found.count for found in made_by_hand(last_run(alpha).source.key)}
    assert listed == {"patient": 1, "contact": 1, "appointment": 1}

    import_file(alpha, demo.path, actor=OWNER, **REPLACE)
    with tenant_scope(alpha):
        assert Patient.objects.filter(pk=own.pk).exists()
        assert ContactPoint.objects.filter(pk=phone.pk).exists()
        assert Appointment.objects.filter(pk=visit.pk).exists()
    before = images(alpha)
    report = import_file(alpha, demo.path, actor=OWNER, **REPLACE, by_hand=ImportRun.ByHand.REMOVE)

    assert report["replacement"]["removed_by_hand"]["patient"] == 1
    with tenant_scope(alpha):
        assert not Patient.objects.filter(pk=own.pk).exists()
        assert not Appointment.objects.filter(pk=visit.pk).exists()
    undo_run(alpha, last_run(alpha).pk)
    assert images(alpha) == before


def test_what_is_no_longer_in_the_file_goes_unless_something_needs_it(alpha, demo, clinic_file):
    both = clinic_file(
        Patients=[
            {
                "ID_Patient": "1",
                "Name First": "Ann",
                "Name Last": "Lee",
                "Phone Home": "02 5550 1234",
            },
            {
                "ID_Patient": "2",
                "Name First": "Bob",
                "Name Last": "Ray",
                "Phone Home": "02 5550 1235",
            },
            {
                "ID_Patient": "3",
                "Name First": "Cyd",
                "Name Last": "Orr",
                "Phone Home": "02 5550 1236",
            },
        ]
    )
    import_file(alpha, both, actor=OWNER)
    with tenant_scope(alpha):
        bob, cyd = Patient.objects.get(family_name="Ray"), Patient.objects.get(family_name="Orr")
        visit = Appointment.objects.create(
            patient=bob, starts_at="2027-01-05T01:00Z", ends_at="2027-01-05T02:00Z"
        )
    before = images(alpha)
    fewer = clinic_file(
        Patients=[
            {
                "ID_Patient": "1",
                "Name First": "Ann",
                "Name Last": "Lee",
                "Phone Home": "02 5550 1234",
            }
        ]
    )

    report = import_file(alpha, fewer, actor=OWNER, **REPLACE)

    assert report["replacement"]["no_longer_in_file"] == {"patient": 1}
    assert [row["id"] for row in report["replacement"]["kept_because_needed"]] == [str(bob.pk)]
    with tenant_scope(alpha):
        assert not Patient.objects.filter(pk=cyd.pk).exists()
        assert list(bob.contact_points.values_list("value", flat=True)) == ["02 5550 1235"]
        assert Appointment.objects.get(pk=visit.pk).patient == bob
        assert ImportLink.objects.filter(target_id=bob.pk).count() == 1
    undo_run(alpha, last_run(alpha).pk)
    assert images(alpha) == before


def test_a_dry_run_of_it_says_the_same_and_keeps_nothing(alpha, demo):
    import_file(alpha, demo.path, actor=OWNER)
    with tenant_scope(alpha):
        Patient.objects.create(given_names="Made", family_name="Here")
    before = images(alpha)
    remove = {**REPLACE, "by_hand": ImportRun.ByHand.REMOVE}

    dry = import_file(alpha, demo.path, actor=OWNER, dry_run=True, **remove)

    assert images(alpha) == before
    real = import_file(alpha, demo.path, actor=OWNER, **remove)
    same = ("tables", "totals", "replacement", "holds", "preserved")
    assert {key: dry[key] for key in same} == {key: real[key] for key in same}


def test_a_failure_in_a_later_phase_leaves_the_clinic_as_it_was(alpha, demo, monkeypatch):
    import_file(alpha, demo.path, actor=OWNER)
    before = images(alpha)
    original = Loader._load_table

    def dies_at_the_appointments(self, rule, records, **more):
        if rule.entity == "appointment":
            raise MemoryError
        original(self, rule, records, **more)

    monkeypatch.setattr(Loader, "_load_table", dies_at_the_appointments)
    with pytest.raises(MemoryError):
        import_file(alpha, demo.path, actor=OWNER, **REPLACE)

    assert images(alpha) == before
    assert (last_run(alpha).state, last_run(alpha).failed_in) == ("failed", "loading")


def test_records_another_file_has_brought_stay_and_the_neighbour_is_untouched(
    alpha, beta, demo, clinic_file
):
    import_file(alpha, clinic_file(Patients=[{"Name Last": "Elsewhere"}]), actor=OWNER)
    import_file(alpha, demo.path, actor=OWNER)
    import_file(beta, demo.path, actor=OWNER)
    neighbour = images(beta)

    import_file(alpha, demo.path, actor=OWNER, **REPLACE)

    with tenant_scope(alpha):
        assert Patient.objects.filter(family_name="Elsewhere").count() == 1
    assert images(beta) == neighbour


def test_a_note_amended_here_keeps_its_amendment_and_undoing_changes_nothing(alpha, demo, sign_in):
    import_file(alpha, demo.path, actor=OWNER)
    clinician = sign_in(alpha, "clinician").person
    with tenant_scope(alpha):
        note = Note.objects.filter(is_imported=True).exclude(body="").order_by("pk").first()
        amend_note(
            note,
            actor=clinician,
            at=timezone.now(),
            revision=note.revision,
            text=NoteText(note.title, (("Note", "As it was, and more."),)),
            reason="More came to light",
        )
    before = images(alpha)

    report = import_file(alpha, demo.path, actor=OWNER, **REPLACE)

    assert report["holds"] is True
    with tenant_scope(alpha):
        kept = Note.objects.get(pk=note.pk)
        assert "As it was, and more." in kept.body
        assert kept.state == Note.State.AMENDED
    undo_run(alpha, last_run(alpha).pk)
    assert images(alpha) == before


def test_two_records_made_one_here_stay_one(alpha, demo, sign_in):
    import_file(alpha, demo.path, actor=OWNER)
    owner = sign_in(alpha, "owner").person
    with tenant_scope(alpha):
        winner, loser = Patient.objects.exclude(family_name="").order_by("number")[:2]
        visits = Appointment.objects.filter(patient__in=[winner, loser]).count()
        merge_patients(winner, loser, actor=owner, at=timezone.now())
    before = images(alpha)

    report = import_file(alpha, demo.path, actor=OWNER, **REPLACE)

    assert report["holds"] is True
    with tenant_scope(alpha):
        assert Patient.everyone.get(pk=loser.pk).merged_into_id == winner.pk
        assert Appointment.objects.filter(patient=winner).count() == visits
        assert not Appointment.objects.filter(patient=loser).exists()
    undo_run(alpha, last_run(alpha).pk)
    assert images(alpha) == before
