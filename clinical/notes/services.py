"""The verbs about notes. A note is written as a draft, signed, and from then on only amended.

The tables' own triggers record every change, and refuse one to a signed text that keeps no version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.appointments.models import Appointment
from clinical.notes.models import Note, NoteVersion
from clinical.notes.rules import may_amend, may_write
from clinical.notes.structures import STRUCTURES
from clinical.practice.clock import day_span, zone_of
from clinical.practice.rules import require
from clinical.practice.selectors import practitioner_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.practice.models import Practitioner

MOST_SECTIONS = 40
HEADING_LENGTH = 200
TEXT_LENGTH = 100_000
REASON_LENGTH = 500


class NoteError(ValueError):
    """What was asked for cannot be done to this note; the message is for a person."""


class NoteChangedError(NoteError):
    """The note was saved elsewhere since the person read it."""


class NoteSignedError(NoteError):
    """A signed note is amended, not changed."""


class EmptyNoteError(NoteError):
    """There is nothing to sign."""


class UnchangedNoteError(NoteError):
    """An amendment that changes nothing."""


class NoteTooLongError(NoteError):
    """More than a note holds."""


@dataclass(frozen=True)
class NoteText:
    """What the person wrote: pairs of heading and text."""

    title: str
    sections: tuple[tuple[str, str], ...]

    def columns(self) -> dict[str, Any]:
        """Answer the columns; raises NoteTooLongError."""
        if len(self.sections) > MOST_SECTIONS:
            raise NoteTooLongError(f"A note has at most {MOST_SECTIONS} sections.")
        sections = [
            {"heading": _clean(heading).strip(), "text": _clean(text).rstrip()}
            for heading, text in self.sections
        ]
        for section in sections:
            if len(section["heading"]) > HEADING_LENGTH or len(section["text"]) > TEXT_LENGTH:
                name = section["heading"][:60] or "The note"
                raise NoteTooLongError(
                    f"{name} is too long to be saved: {TEXT_LENGTH:,} letters are the most. "
                    "Move a part of it to another section or note."
                )
        return {
            "title": _clean(self.title).strip()[:HEADING_LENGTH],
            "sections": sections,
            "body": body_of(sections),
        }


def body_of(sections: Sequence[dict[str, str]]) -> str:
    """Write the sections as one text, headings above; empty ones are left out."""
    return "\n\n".join(
        "\n".join(filter(None, (section["heading"], section["text"])))
        for section in sections
        if section["text"].strip()
    )


@transaction.atomic
def start_note(patient: Patient, *, actor: User, structure: str, at: datetime) -> Note:
    """Begin a draft with the sections of a structure, linked to today's visit if there is one."""
    require(actor, Action.CREATE, Resource.NOTES)
    chosen = STRUCTURES[structure]
    practitioner = practitioner_of(actor)
    return Note.objects.create(
        patient=patient,
        practitioner=practitioner,
        appointment=_visit_of_today(patient, practitioner, at),
        author=actor,
        author_name=actor.name,
        kind=chosen.kind,
        sections=[{"heading": section.heading, "text": ""} for section in chosen.sections],
        noted_at=at,
    )


def save_draft(note: Note, *, actor: User, at: datetime, revision: int, text: NoteText) -> Note:
    """Keep what was written so far.

    Raises NoteChangedError when the note is no longer at `revision`, NoteSignedError when signed.
    The same text again is no conflict: a page whose answer was lost sends it once more.
    """
    _check_writable(note, actor)
    columns = text.columns()
    if note.revision > revision and all(getattr(note, name) == columns[name] for name in columns):
        return note
    return _swap(note, at=at, revision=revision, **columns)


@transaction.atomic
def sign_note(
    note: Note, *, actor: User, at: datetime, revision: int, text: NoteText | None = None
) -> Note:
    """Lock the note as it is, or as `text` has it, and keep that as its first version."""
    _check_writable(note, actor)
    columns = text.columns() if text else {}
    if not columns.get("body", note.body).strip():
        raise EmptyNoteError("There is nothing in this note yet. Write something, then sign it.")
    _swap(
        note,
        at=at,
        revision=revision,
        **columns,
        author=note.author or actor,
        author_name=note.author_name or actor.name,
        state=Note.State.SIGNED,
        signed_at=at,
        version=1,
    )
    _keep_version(note, actor=note.author, name=note.author_name, at=at)
    return note


@transaction.atomic
def amend_note(
    note: Note, *, actor: User, at: datetime, revision: int, text: NoteText, reason: str
) -> Note:
    """Replace the text of a signed note; the text before it is kept as a version."""
    if not may_amend(actor, note):
        raise PermissionDenied("notes.change")
    columns = text.columns()
    if not columns["body"].strip():
        raise EmptyNoteError("An amended note cannot be empty.")
    if (columns["body"], columns["title"]) == (note.body, note.title):
        raise UnchangedNoteError("Nothing is changed yet.")
    if note.version == 0:
        note.version = 1
        _keep_version(note, actor=None, name=note.author_name, at=note.signed_at or note.noted_at)
    _swap(
        note,
        at=at,
        revision=revision,
        **columns,
        state=Note.State.AMENDED,
        version=note.version + 1,
    )
    _keep_version(note, actor=actor, name=actor.name, at=at, reason=reason[:REASON_LENGTH])
    return note


@transaction.atomic
def discard_draft(note: Note, *, actor: User) -> None:
    """Throw a draft away."""
    _check_writable(note, actor)
    Note.objects.filter(pk=note.pk, state=Note.State.DRAFT).delete()


def record_reading(note: Note) -> None:
    """Put on record that the actor of the scope read the note."""
    record(
        "view",
        object_type=Note._meta.db_table,
        object_id=str(note.pk),
        subject_id=str(note.patient_id),
        payload={"section": "note"},
    )


def _check_writable(note: Note, actor: User) -> None:
    if not note.is_draft:
        raise NoteSignedError("This note is signed. Open it and choose Amend to change it.")
    if not may_write(actor, note):
        raise PermissionDenied("notes.change")


def _swap(note: Note, *, at: datetime, revision: int, **columns: Any) -> Note:
    """Write the columns if the note is still at the revision that was read."""
    swapped = Note.objects.filter(pk=note.pk, revision=revision, state=note.state).update(
        **columns, revision=F("revision") + 1, changed_at=at
    )
    if not swapped:
        current = Note.objects.filter(pk=note.pk).first()
        when = f" at {timezone.localtime(current.changed_at):%H:%M}" if current else ""
        raise NoteChangedError(
            f"This note was changed in another window{when}. What you typed is still here."
        )
    for name, value in columns.items():
        setattr(note, name, value)
    note.revision, note.changed_at = revision + 1, at
    return note


def _keep_version(
    note: Note, *, actor: User | None, name: str, at: datetime, reason: str = ""
) -> None:
    NoteVersion.objects.create(
        note=note,
        number=note.version,
        title=note.title,
        kind=note.kind,
        sections=note.sections,
        body=note.body,
        author=actor,
        author_name=name,
        reason=reason,
        signed_at=at,
    )


def _visit_of_today(
    patient: Patient, practitioner: Practitioner | None, at: datetime
) -> Appointment | None:
    if practitioner is None:
        return None
    zone = zone_of(patient.location)
    start, end = day_span(at.astimezone(zone).date(), zone)
    return Appointment.objects.filter(
        patient=patient, practitioner=practitioner, starts_at__gte=start, starts_at__lt=end
    ).first()


def _clean(text: str) -> str:
    """Take out what a form sends and PostgreSQL cannot hold."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
