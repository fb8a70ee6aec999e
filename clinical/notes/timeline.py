"""Notes on a patient's timeline, and in the search over texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F

from clinical.notes.rules import visible_notes
from clinical.patients.timeline import Line, Source
from clinical.search import finding

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.notes.models import Note
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Note]:
    notes = visible_notes(actor).filter(patient=patient).defer("body", "sections", "extra")
    return notes.annotate(moment=F("noted_at"))


def _word(note: Note) -> Line:
    kind = note.kind if note.title else ""
    return Line(
        title=note.title or note.kind or "Note",
        url_name="notes:detail",
        pk=note.pk,
        by=" · ".join(filter(None, [kind, note.author_name])),
        pill=("Draft", "warning", "pencil") if note.is_draft else None,
    )


SOURCE = Source("notes", "Notes", "notes", "notes.view", _rows, _word, has_time=True)


def _found(note: Note) -> tuple[str, str, datetime]:
    by = " · ".join(filter(None, [note.kind if note.title else "", note.author_name]))
    return note.title or note.kind or "Note", by, note.noted_at


FOUND = finding.Source(
    key="notes",
    label="Notes",
    icon="notes",
    permission="notes.view",
    statement="SELECT found_id, wanted FROM search_notes_note(%s, %s, %s, %s)",
    text="body",
    url_name="notes:detail",
    rows=visible_notes,
    word=_found,
)
