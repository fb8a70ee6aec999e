"""Notes as PDF, on the practice's letterhead as letters are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from clinical.notes.editing import shown_sections
from clinical.notes.services import asked_by
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from clinical.notes.editing import Shown
    from clinical.notes.models import Note
    from tenants.models import Tenant

TEMPLATE = Path(__file__).parent / "pdf" / "note.typ"


def note_pdf(note: Note, *, clinic: Tenant) -> bytes:
    """Answer the note as a PDF; a draft says so on every page."""
    return render_pdf(TEMPLATE, _content(note, clinic))


def _content(note: Note, clinic: Tenant) -> dict[str, Any]:
    patient = note.patient
    facts = [
        ("Patient", patient.full_name),
        ("Born", date_format(patient.date_of_birth, "j F Y") if patient.date_of_birth else ""),
        ("Number", str(patient.number)),
        ("Date", _moment(note.noted_at)),
        ("Written by", note.author_name),
    ]
    location = patient.location
    return {
        "practice": clinic.name,
        "accent": clinic.accent,
        "phone": location.phone if location else "",
        "title": note.title or note.kind or "Note",
        "kind": note.kind if note.title else "",
        "facts": [(label, text) for label, text in facts if text],
        "sections": [_section(shown) for shown in shown_sections(note.sections, asked_by(note))]
        or [{"heading": "", "kind": "text", "paragraphs": _paragraphs(note.body)}],
        "signed": _signed(note),
        "is_draft": note.is_draft,
    }


def _section(shown: Shown) -> dict[str, Any]:
    """Answer a section as the template prints it; a chart as two drawings with their words."""
    content: dict[str, Any] = {"heading": shown.heading, "kind": shown.kind}
    if shown.kind == "table":
        return {**content, "columns": list(shown.columns), "rows": shown.value}
    if shown.kind == "body":
        chart = shown.chart
        figures = [
            {
                "label": view["label"],
                "svg": render_to_string("notes/_body_figure.svg", view),
            }
            for view in chart["views"]
        ]
        return {**content, "figures": figures, "marks": chart["marks"]}
    return {**content, "kind": "text", "paragraphs": _paragraphs(shown.text)}


def _paragraphs(text: str) -> list[list[str]]:
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n"))
    return [block.strip("\n").split("\n") for block in blocks if block.strip()]


def _signed(note: Note) -> list[str]:
    lines = []
    if note.signed_at:
        version = f", version {note.version}" if note.version > 1 else ""
        lines.append(f"Signed {_moment(note.signed_at)} by {note.author_name}{version}")
    if note.cosigned_at:
        lines.append(f"Co-signed {_moment(note.cosigned_at)} by {note.cosigned_by}")
    elif note.cosign:
        lines.append("Not co-signed yet")
    return lines


def _moment(moment: Any) -> str:
    return date_format(timezone.localtime(moment), "j F Y, H:i")
