"""Letters on the clinic's letterhead, as PDF."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format

from ui.pdf import render_pdf

if TYPE_CHECKING:
    from clinical.letters.models import Letter
    from tenants.models import Tenant

TEMPLATE = Path(__file__).parent / "pdf" / "letter.typ"


def letter_pdf(letter: Letter, *, clinic: Tenant) -> bytes:
    """Answer the letter as a PDF; a draft says so on every page."""
    return render_pdf(TEMPLATE, _content(letter, clinic))


def file_name(letter: Letter) -> str:
    """Name the file after its day: no person's name stands in it."""
    day = letter.letter_date or timezone.localdate(letter.created_at)
    return f"letter-{day:%Y-%m-%d}.pdf"


def _content(letter: Letter, clinic: Tenant) -> dict[str, Any]:
    location = letter.location
    location_lines = location.address.splitlines() if location else []
    return {
        "practice": clinic.name,
        "accent": clinic.accent,
        "location": location.name if location and location.name != clinic.name else "",
        "address": [line.strip() for line in location_lines if line.strip()],
        "phone": location.phone if location else "",
        "date": date_format(letter.letter_date or timezone.localdate(), "j F Y"),
        "recipient": letter.recipient.splitlines(),
        "subject": letter.subject,
        "paragraphs": [
            block.strip("\n").split("\n")
            for block in re.split(r"\n[ \t]*\n", letter.body.replace("\r\n", "\n"))
            if block.strip()
        ],
        "signed_by": letter.practitioner.name if letter.practitioner else letter.author_name,
        "discipline": letter.practitioner.discipline if letter.practitioner else "",
        "copies": [copy.name for copy in letter.copies.all()],
        "replaces": _replaced(letter),
        "is_draft": letter.is_draft,
    }


def _replaced(letter: Letter) -> str:
    """Say which letter this one corrects."""
    if letter.replaces is None:
        return ""
    day = letter.replaces.letter_date
    of_day = f" of {date_format(day, 'j F Y')}" if day else ""
    return f"This letter replaces our letter{of_day}."
