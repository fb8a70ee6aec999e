"""The verbs about notes. A note is written as a draft, signed, and from then on only amended.

A note on a template keeps structured answers (`sections`); one without is headings and texts.
The tables' own triggers record every change, and refuse one to a signed text that keeps no version.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from clinical.appointments.models import Appointment
from clinical.notes.models import Note, NoteVersion, Supervision
from clinical.notes.rules import may_amend, may_write, visible_notes
from clinical.notes.sections import (
    HEADING_LENGTH,
    MOST_SECTIONS,
    TEXT_LENGTH,
    Section,
    SectionError,
    answered,
    clean_text,
    empty_answer,
    read_sections,
)
from clinical.notes.structures import STRUCTURES
from clinical.patients.papers import record_paper, swap
from clinical.practice.clock import day_span, zone_of
from clinical.practice.rules import require
from clinical.practice.selectors import practitioner_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from accounts.models import User
    from clinical.notes.models import NoteTemplate
    from clinical.patients.models import Patient
    from clinical.practice.models import Practitioner

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


class AnswerError(NoteError):
    """An answer does not fit its section."""


class UnfinishedNoteError(NoteError):
    """A section that must be written is empty."""


class NothingToCopyError(NoteError):
    """There is no earlier note to take over, or nothing is empty."""


@dataclass(frozen=True)
class NoteText:
    """What the person wrote: pairs of heading and text, or on a template answers by key."""

    title: str
    sections: tuple[tuple[str, str], ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)

    def columns(self, asked: Sequence[Section] = ()) -> dict[str, Any]:
        """Answer the columns; raises NoteTooLongError, AnswerError."""
        sections = self._answered(asked) if asked else self._written()
        return {
            "title": clean_text(self.title).strip()[:HEADING_LENGTH],
            "sections": sections,
            "body": body_of(sections),
        }

    def _answered(self, asked: Sequence[Section]) -> list[dict[str, Any]]:
        try:
            return [answered(section, self.answers.get(section.key)) for section in asked]
        except SectionError as error:
            raise AnswerError(str(error)) from error

    def _written(self) -> list[dict[str, Any]]:
        if len(self.sections) > MOST_SECTIONS:
            raise NoteTooLongError(f"A note has at most {MOST_SECTIONS} sections.")
        sections = [
            {"heading": clean_text(heading).strip(), "text": clean_text(text).rstrip()}
            for heading, text in self.sections
        ]
        for section in sections:
            if len(section["heading"]) > HEADING_LENGTH or len(section["text"]) > TEXT_LENGTH:
                name = section["heading"][:60] or "The note"
                raise NoteTooLongError(
                    f"{name} is too long to be saved: {TEXT_LENGTH:,} letters are the most. "
                    "Move a part of it to another section or note."
                )
        return sections


def asked_by(note: Note) -> tuple[Section, ...]:
    """Answer the sections of the template the note is on; none for a note without."""
    return read_sections(note.template_version.sections) if note.template_version else ()


def body_of(sections: Sequence[Mapping[str, Any]]) -> str:
    """Write the sections as one text, headings above; empty ones are left out."""
    return "\n\n".join(
        "\n".join(filter(None, (section["heading"], section["text"])))
        for section in sections
        if section["text"].strip()
    )


@transaction.atomic
def start_note(
    patient: Patient,
    *,
    actor: User,
    at: datetime,
    structure: str = "blank",
    template: NoteTemplate | None = None,
    appointment: Appointment | None = None,
) -> Note:
    """Begin a draft with the sections of a template of the library, or of a simple structure.

    Without an appointment it is linked to today's visit with the actor, if there is one.
    """
    require(actor, Action.CREATE, Resource.NOTES)
    practitioner = practitioner_of(actor)
    version = template.versions.get(number=template.version) if template else None
    begun: dict[str, Any] = {
        "kind": STRUCTURES[structure].kind,
        "sections": [
            {"heading": section.heading, "text": ""} for section in STRUCTURES[structure].sections
        ],
    }
    if version is not None:
        asked = read_sections(version.sections)
        begun = {"kind": version.name, "sections": [empty_answer(section) for section in asked]}
    return Note.objects.create(
        patient=patient,
        practitioner=practitioner,
        appointment=appointment or visit_of_today(patient, practitioner, at),
        author=actor,
        author_name=actor.name,
        template_version=version,
        noted_at=at,
        **begun,
    )


def save_draft(note: Note, *, actor: User, at: datetime, revision: int, text: NoteText) -> Note:
    """Keep what was written so far.

    Raises NoteChangedError when the note is no longer at `revision`, NoteSignedError when signed.
    The same text again is no conflict: a page whose answer was lost sends it once more.
    """
    _check_writable(note, actor)
    columns = text.columns(asked_by(note))
    if note.revision > revision and all(getattr(note, name) == columns[name] for name in columns):
        return note
    return _swap(note, at=at, revision=revision, **columns)


@transaction.atomic
def sign_note(
    note: Note, *, actor: User, at: datetime, revision: int, text: NoteText | None = None
) -> Note:
    """Lock the note as it is, or as `text` has it, and keep that as its first version.

    That of somebody under supervision waits for a co-sign then.
    """
    _check_writable(note, actor)
    columns = text.columns(asked_by(note)) if text else {}
    if not columns.get("body", note.body).strip():
        raise EmptyNoteError("There is nothing in this note yet. Write something, then sign it.")
    _check_finished(note, columns.get("sections", note.sections))
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
        cosign=Note.Cosign.WAITING if is_supervised(note.author or actor) else "",
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
    columns = text.columns(asked_by(note))
    if not columns["body"].strip():
        raise EmptyNoteError("An amended note cannot be empty.")
    is_same_text = (columns["body"], columns["title"]) == (note.body, note.title)
    if is_same_text and columns["sections"] == (note.sections or columns["sections"]):
        raise UnchangedNoteError("Nothing is changed yet.")
    _check_finished(note, columns["sections"])
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
        cosign=_cosign_after(note, actor),
        cosigned_by="",
        cosigned_at=None,
    )
    _keep_version(note, actor=actor, name=actor.name, at=at, reason=reason[:REASON_LENGTH])
    return note


@transaction.atomic
def copy_forward(note: Note, *, actor: User, at: datetime, revision: int, text: NoteText) -> Note:
    """Keep what is typed, and take the sections still empty over from the last signed note.

    That is the patient's latest note on the same template, or of the same kind. Answers the note
    it came from; raises NothingToCopyError.
    """
    _check_writable(note, actor)
    columns = text.columns(asked_by(note))
    last = last_like(note, actor)
    if last is None:
        raise NothingToCopyError("There is no earlier signed note of this kind to copy from.")
    asked = {section.key: section for section in asked_by(note)}
    earlier = {_place(one): one for one in last.sections if one["text"].strip()}
    copied = 0
    for number, section in enumerate(columns["sections"]):
        found = earlier.get(_place(section))
        if section["text"].strip() or found is None:
            continue
        taken = {**section, "text": found["text"]}
        if asked:
            try:
                raw = found.get("value", found["text"])
                taken = answered(asked[section["key"]], raw)
            except (SectionError, TypeError):
                continue  # the section has changed since: an answer that no longer fits stays behind
        columns["sections"][number] = taken
        copied += 1
    if not copied:
        raise NothingToCopyError(
            "Nothing is copied: no section is empty here that the last note has something for."
        )
    _swap(note, at=at, revision=revision, **{**columns, "body": body_of(columns["sections"])})
    return last


def last_like(note: Note, actor: User) -> Note | None:
    """Answer the patient's latest signed note on the same template, or of the same kind."""
    signed = visible_notes(actor).filter(patient_id=note.patient_id).exclude(state=Note.State.DRAFT)
    if note.template_version is not None:
        signed = signed.filter(template_version__template=note.template_version.template_id)
    else:
        signed = signed.filter(kind=note.kind, template_version=None, is_imported=False)
    return signed.exclude(pk=note.pk).order_by("-noted_at", "-id").first()


def is_supervised(user: User) -> bool:
    return Supervision.objects.filter(user=user).exists()


@transaction.atomic
def discard_draft(note: Note, *, actor: User) -> None:
    """Throw a draft away."""
    _check_writable(note, actor)
    Note.objects.filter(pk=note.pk, state=Note.State.DRAFT).delete()


def record_reading(note: Note, action: str = "view") -> None:
    record_paper(note, action, section="note")


def _check_writable(note: Note, actor: User) -> None:
    if not note.is_draft:
        raise NoteSignedError("This note is signed. Open it and choose Amend to change it.")
    if not may_write(actor, note):
        raise PermissionDenied("notes.change")


def _swap(note: Note, *, at: datetime, revision: int, **columns: Any) -> Note:
    """Write the columns if the note is still at the revision that was read."""
    if not swap(note, at=at, revision=revision, **columns):
        current = Note.objects.filter(pk=note.pk).first()
        when = f" at {timezone.localtime(current.changed_at):%H:%M}" if current else ""
        raise NoteChangedError(
            f"This note was changed in another window{when}. What you typed is still here."
        )
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


def _place(section: Mapping[str, Any]) -> tuple[str, str]:
    """Answer what makes a section the same in another note."""
    return (section.get("key", ""), section["heading"] if not section.get("key") else "")


def _check_finished(note: Note, sections: Sequence[Mapping[str, Any]]) -> None:
    needed = {section.key for section in asked_by(note) if section.is_required}
    missing = [
        section["heading"] or "the text"
        for section in sections
        if section.get("key") in needed and not section["text"].strip()
    ]
    if missing:
        raise UnfinishedNoteError(f"Still to be written: {', '.join(missing)}.")


def _cosign_after(note: Note, actor: User) -> str:
    """Answer how an amended note stands: what was returned or has changed is looked at again."""
    is_open = note.cosign in {Note.Cosign.WAITING, Note.Cosign.RETURNED}
    return Note.Cosign.WAITING if is_open or is_supervised(actor) else ""


def visit_of_today(
    patient: Patient, practitioner: Practitioner | None, at: datetime
) -> Appointment | None:
    if practitioner is None:
        return None
    zone = zone_of(patient.location)
    start, end = day_span(at.astimezone(zone).date(), zone)
    return Appointment.objects.filter(
        patient=patient, practitioner=practitioner, starts_at__gte=start, starts_at__lt=end
    ).first()
