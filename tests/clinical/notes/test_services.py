"""Writing, signing and amending notes; what the database itself refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.utils import InternalError, OperationalError
from django.utils import timezone

from clinical.notes import services
from clinical.notes.models import Note, NoteVersion
from clinical.notes.services import NoteText
from tenants.scope import Actor, tenant_scope

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = timezone.now()
REFUSED = (IntegrityError, InternalError, OperationalError)


def _text(*texts: str, title: str = "") -> NoteText:
    return NoteText(title, tuple(("Plan", text) for text in texts))


@pytest.fixture
def clinician(in_alpha, person):
    return person("clinician")


@pytest.fixture
def draft(clinician, patient):
    return services.start_note(patient(), actor=clinician, structure="soap", at=NOW)


@pytest.fixture
def signed(draft, clinician):
    return services.sign_note(
        draft, actor=clinician, at=NOW, revision=0, text=_text("Walk every day")
    )


def test_a_draft_starts_with_the_sections_of_its_structure(draft, clinician):
    assert [section["heading"] for section in draft.sections] == [
        "Subjective",
        "Objective",
        "Assessment",
        "Plan",
    ]
    assert (draft.kind, draft.author, draft.state) == ("SOAP note", clinician, "draft")


def test_a_draft_is_linked_to_todays_visit_with_the_same_clinician(clinician, patient, appointment):
    from clinical.practice.models import Practitioner

    practitioner = Practitioner.objects.create(name="Dr Vale", user=clinician)
    ada = patient()
    visit = appointment(NOW, patient=ada, practitioner=practitioner)
    appointment(NOW - timedelta(days=3), patient=ada, practitioner=practitioner)

    note = services.start_note(ada, actor=clinician, structure="blank", at=NOW)

    assert (note.appointment, note.practitioner) == (visit, practitioner)


def test_saving_keeps_sections_and_the_text_of_them(draft, clinician):
    services.save_draft(
        draft, actor=clinician, at=NOW, revision=0, text=_text("Rest\r\nIce", "", title=" Knee ")
    )

    draft.refresh_from_db()
    assert draft.body == "Plan\nRest\nIce"
    assert (draft.title, draft.revision) == ("Knee", 1)


def test_the_second_of_two_editors_is_told_and_nothing_is_overwritten(draft, clinician):
    other = Note.objects.get(pk=draft.pk)
    services.save_draft(draft, actor=clinician, at=NOW, revision=0, text=_text("First"))

    with pytest.raises(services.NoteChangedError, match="another window"):
        services.save_draft(other, actor=clinician, at=NOW, revision=0, text=_text("Second"))

    assert Note.objects.get().body == "Plan\nFirst"


def test_saving_the_same_text_again_is_no_conflict(draft, clinician):
    """The answer to the first was lost on the way."""
    for _ in range(2):
        note = Note.objects.get(pk=draft.pk)
        services.save_draft(note, actor=clinician, at=NOW, revision=0, text=_text("Same"))

    assert Note.objects.get().revision == 1


def test_only_the_author_writes_a_draft(draft, person):
    with pytest.raises(PermissionDenied):
        services.save_draft(
            draft, actor=person("owner"), at=NOW, revision=0, text=_text("Not mine")
        )


def test_signing_locks_and_keeps_the_first_version(signed, clinician):
    assert (signed.state, signed.version) == ("signed", 1)
    assert [(v.number, v.body) for v in signed.versions.all()] == [(1, "Plan\nWalk every day")]
    with pytest.raises(services.NoteSignedError, match="Amend"):
        services.save_draft(signed, actor=clinician, at=NOW, revision=1, text=_text("Changed"))


def test_an_empty_note_is_not_signed(draft, clinician):
    with pytest.raises(services.EmptyNoteError):
        services.sign_note(draft, actor=clinician, at=NOW, revision=0, text=_text(" "))


def test_an_amendment_keeps_what_was_signed(signed, person):
    colleague = person("clinician", name="Bea")

    services.amend_note(
        signed, actor=colleague, at=NOW, revision=1, text=_text("Swim"), reason="Wrong knee"
    )

    signed.refresh_from_db()
    assert (signed.state, signed.version, signed.body) == ("amended", 2, "Plan\nSwim")
    assert [(v.number, v.body, v.author_name, v.reason) for v in signed.versions.all()] == [
        (1, "Plan\nWalk every day", "Clinician", ""),
        (2, "Plan\nSwim", "Bea", "Wrong knee"),
    ]


def test_an_amendment_that_changes_nothing_is_refused(signed, clinician):
    same = _text("Walk every day")

    with pytest.raises(services.UnchangedNoteError):
        services.amend_note(signed, actor=clinician, at=NOW, revision=1, text=same, reason="")


def test_an_amendment_of_an_older_reading_is_refused(signed, clinician):
    services.amend_note(signed, actor=clinician, at=NOW, revision=1, text=_text("Swim"), reason="")

    with pytest.raises(services.NoteChangedError):
        services.amend_note(
            Note.objects.get(), actor=clinician, at=NOW, revision=1, text=_text("Run"), reason=""
        )
    assert NoteVersion.objects.count() == 2


def test_amending_an_imported_note_keeps_what_came(clinician, patient):
    note = Note.objects.create(
        patient=patient(), body="As it came", author_name="Dr Old", noted_at=NOW, state="signed"
    )
    note.refresh_from_db()
    assert note.is_imported

    services.amend_note(
        note, actor=clinician, at=NOW, revision=0, text=_text("Corrected"), reason=""
    )

    assert [(v.number, v.body, v.author_name) for v in note.versions.all()] == [
        (1, "As it came", "Dr Old"),
        (2, "Plan\nCorrected", "Clinician"),
    ]


def test_a_draft_can_be_thrown_away_a_signed_note_cannot(draft, clinician, patient):
    services.discard_draft(draft, actor=clinician)
    assert not Note.objects.exists()

    note = services.start_note(patient("Bo Low"), actor=clinician, structure="blank", at=NOW)
    services.sign_note(note, actor=clinician, at=NOW, revision=0, text=_text("Kept"))
    with pytest.raises(services.NoteSignedError):
        services.discard_draft(note, actor=clinician)


def test_too_long_a_section_is_named(draft, clinician):
    with pytest.raises(services.NoteTooLongError, match="Plan is too long"):
        services.save_draft(draft, actor=clinician, at=NOW, revision=0, text=_text("x" * 100_001))


def test_a_drafts_wordings_are_not_on_record_what_was_signed_is(draft, clinician):
    from audit.models import Event

    services.save_draft(draft, actor=clinician, at=NOW, revision=0, text=_text("First thought"))
    services.sign_note(draft, actor=clinician, at=NOW, revision=1, text=_text("Second thought"))

    bodies = {
        table: "".join(event.payload.body for event in Event.objects.filter(object_type=table))
        for table in ("notes_note", "notes_noteversion")
    }
    assert "thought" not in bodies["notes_note"]
    assert "Second thought" in bodies["notes_noteversion"]


# ── what the database refuses, whoever asks ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        {"body": "Other"},
        {"sections": [{"heading": "Plan", "text": "Other"}]},
        {"state": "draft"},
        {"author_name": "Somebody"},
        {"is_imported": True},
        {"state": "amended", "version": 3, "body": "Other"},
        {"state": "amended", "version": 2, "body": "Other", "is_imported": True},
    ],
)
def test_the_database_refuses_to_change_signed_text(signed, change):
    with pytest.raises(REFUSED), transaction.atomic():
        Note.objects.filter(pk=signed.pk).update(**change)

    assert Note.objects.get().body == "Plan\nWalk every day"


def test_the_database_refuses_an_amendment_whose_text_before_is_not_kept(signed):
    """The version that would hold it says something else."""
    NoteVersion.objects.all().delete()
    NoteVersion.objects.create(note=signed, number=1, body="Never said", signed_at=NOW)

    with pytest.raises(REFUSED), transaction.atomic():
        Note.objects.update(state="amended", version=2, body="Other")


def test_the_database_never_changes_a_version(signed):
    with pytest.raises(REFUSED), transaction.atomic():
        NoteVersion.objects.update(body="Other")


def test_an_account_may_go_what_it_wrote_stays(signed, clinician):
    clinician.delete()

    assert Note.objects.get().author_name == "Clinician"
    assert NoteVersion.objects.get().author is None


def test_an_import_changes_and_takes_back_what_it_brought(in_alpha, patient):
    Note.objects.create(patient=patient(), body="One", noted_at=NOW, state="signed")

    Note.objects.update(body="Two")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notes_note")

    assert not Note.objects.exists()


@pytest.mark.parametrize("role", ["reception", "billing", "coordinator"])
def test_the_database_hides_notes_from_who_must_not_read_them(alpha, role, person, patient):
    from clinical.patients.models import CoordinatorAssignment

    with tenant_scope(alpha):
        somebody, ada = person(role), patient()
        if role == "coordinator":
            CoordinatorAssignment.objects.create(user=somebody, patient=ada)
        note = Note.objects.create(patient=ada, body="Private", noted_at=NOW, state="signed")
        NoteVersion.objects.create(note=note, number=1, body="Private", signed_at=NOW)

    with tenant_scope(alpha, actor=Actor(str(somebody.pk), somebody.name)):
        assert (Note.objects.count(), NoteVersion.objects.count()) == (0, 0)
        assert Note.objects.update(title="Mine now") == 0
        with pytest.raises(Exception, match="row-level security"), transaction.atomic():
            Note.objects.create(patient_id=ada.pk, body="x", noted_at=NOW)
    with tenant_scope(alpha):
        assert Note.objects.get().title == ""
