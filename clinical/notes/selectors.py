"""Questions about notes. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.db.models.functions import Left
from django.shortcuts import get_object_or_404

from clinical.notes.differences import Piece, differences
from clinical.notes.rules import visible_notes
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from accounts.models import User
    from clinical.notes.models import Note, NoteVersion
    from clinical.patients.models import Patient

PAGE_SIZE = 30
EXCERPT = 280


@dataclass(frozen=True)
class NotePage:
    """One page, newest first; `after` leads to the older ones."""

    notes: Sequence[Note]
    after: UUID | None


@dataclass(frozen=True)
class ShownVersion:
    """A signed text, and how it differs from the one before it."""

    version: NoteVersion
    pieces: tuple[Piece, ...]


def get_note(actor: User, pk: UUID) -> Note:
    """Answer a note with its patient; raises Http404 for whom the actor may not see it."""
    notes = visible_notes(actor).filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type", "practitioner")
    return get_object_or_404(notes.select_related(*related, "appointment"), pk=pk)


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
    versions = list(note.versions.order_by("number"))
    before = ""
    shown = []
    for version in versions:
        pieces = differences(before, version.body) if before else ()
        shown.append(ShownVersion(version, tuple(pieces)))
        before = version.body
    return shown[::-1]
