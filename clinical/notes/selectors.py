"""Questions about notes. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q
from django.db.models.functions import Left
from django.shortcuts import get_object_or_404

from clinical.notes.editing import Shown
from clinical.notes.models import Note, NoteTemplate, Supervision
from clinical.notes.rules import notes_to_cosign, visible_notes, waits_for
from clinical.patients.rules import visible_patients
from ui.differences import Piece, differences

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.notes.models import NoteVersion
    from clinical.patients.models import Patient

PAGE_SIZE = 30
EXCERPT = 280


@dataclass(frozen=True)
class NotePage:
    """One page, newest first; `after` leads to the older ones."""

    notes: Sequence[Note]
    after: UUID | None


@dataclass(frozen=True)
class Change:
    """A section that differs from the version before; charts are shown side by side."""

    heading: str
    pieces: tuple[Piece, ...]
    before: Shown | None = None
    after: Shown | None = None


@dataclass(frozen=True)
class ShownVersion:
    """A signed text, and how it differs from the one before it."""

    version: NoteVersion
    changes: tuple[Change, ...]


def get_note(actor: User, pk: UUID) -> Note:
    """Answer a note with its patient; raises Http404 for whom the actor may not see it."""
    notes = visible_notes(actor).filter(patient__in=visible_patients(actor))
    patient = ("patient", "patient__location", "patient__funding_type")
    related = (*patient, "practitioner", "appointment", "author", "template_version")
    return get_object_or_404(notes.select_related(*related), pk=pk)


def notes_of(
    actor: User, patient: Patient, *, after: UUID | None = None, size: int = PAGE_SIZE
) -> NotePage:
    """Answer the patient's notes without their text, but for the beginning (`excerpt`)."""
    notes = visible_notes(actor).filter(patient=patient)
    edge = notes.filter(pk=after).first() if after else None
    if edge is not None:
        notes = notes.filter(
            Q(noted_at__lt=edge.noted_at) | Q(noted_at=edge.noted_at, id__lt=edge.pk)
        )
    rows = list(
        notes.defer("body", "sections", "extra")
        .annotate(excerpt=Left(F("body"), EXCERPT))
        .order_by("-noted_at", "-id")[: size + 1]
    )
    return NotePage(rows[:size], rows[size - 1].pk if len(rows) > size else None)


def versions_of(note: Note) -> list[ShownVersion]:
    """Answer the signed texts, newest first."""
    shown = []
    before: NoteVersion | None = None
    for version in note.versions.order_by("number"):
        shown.append(ShownVersion(version, tuple(_changes(before, version)) if before else ()))
        before = version
    return shown[::-1]


def _changes(before: NoteVersion, after: NoteVersion) -> list[Change]:
    """Answer what differs, section by section; as one text where one of them has no sections."""
    changes = []
    if before.title != after.title:
        changes.append(Change("Title", tuple(differences(before.title, after.title))))
    if not before.sections or not after.sections:
        return [*changes, Change("", tuple(differences(before.body, after.body)))]
    earlier, later = _by_place(before.sections), _by_place(after.sections)
    for place, heading in {**_headings(earlier), **_headings(later)}.items():
        old, new = earlier.get(place, {}), later.get(place, {})
        if (old.get("text"), old.get("value")) == (new.get("text"), new.get("value")):
            continue
        pieces = tuple(differences(old.get("text", ""), new.get("text", "")))
        if "body" in {old.get("kind"), new.get("kind")}:
            charts = [Shown("", "", "body", one.get("value") or []) for one in (old, new)]
            changes.append(Change(heading, pieces, *charts))
        else:
            changes.append(Change(heading, pieces))
    return changes


def _by_place(sections: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {section.get("key") or f"#{at}": section for at, section in enumerate(sections)}


def _headings(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {place: section["heading"] for place, section in sections.items()}


# ── templates ────────────────────────────────────────────────────────────────────────────────────


def get_template(pk: UUID) -> NoteTemplate:
    return get_object_or_404(NoteTemplate, pk=pk)


def templates_in_use() -> QuerySet[NoteTemplate]:
    return NoteTemplate.objects.filter(is_active=True)


def template_for(appointment: Appointment | None) -> NoteTemplate | None:
    """Answer what a note about this visit begins with, if its type says so."""
    if appointment is None or appointment.appointment_type_id is None:
        return None
    of_type = Q(defaults__appointment_type=appointment.appointment_type_id)
    return templates_in_use().filter(of_type).first()


# ── supervision ──────────────────────────────────────────────────────────────────────────────────


def cosign_list(actor: User) -> QuerySet[Note]:
    """Answer what waits for the actor's co-sign, the oldest first."""
    return _listed(notes_to_cosign(actor), actor)


def returned_list(actor: User) -> QuerySet[Note]:
    """Answer the actor's own notes that came back."""
    return _listed(Note.objects.filter(cosign=Note.Cosign.RETURNED, author=actor), actor)


def to_cosign(actor: User) -> QuerySet[Note]:
    """Answer what is to be done: to co-sign, and to amend."""
    is_returned = Q(cosign=Note.Cosign.RETURNED, author=actor)
    return Note.objects.filter(is_returned | waits_for(actor))


def waiting_list(actor: User) -> QuerySet[Note]:
    """Answer the actor's own notes that somebody else has to co-sign yet."""
    return _listed(Note.objects.filter(cosign=Note.Cosign.WAITING, author=actor), actor)


def supervisions() -> dict[UUID, Supervision]:
    """Answer who is under supervision, by user."""
    rows = Supervision.objects.select_related("user", "supervisor")
    return {row.user_id: row for row in rows}


def _listed(notes: QuerySet[Note], actor: User) -> QuerySet[Note]:
    mine = notes.filter(patient__in=visible_patients(actor)).select_related("patient")
    return mine.defer("body", "sections", "extra").order_by("noted_at", "id")
