"""Letters on a patient's timeline, and in the search over texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.letters.rules import visible_letters
from clinical.patients.timeline import Line, Source, dated, start_of_day
from clinical.search import finding

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.letters.models import Letter
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Letter]:
    letters = visible_letters(actor).filter(patient=patient).select_related("contact")
    return dated(letters.defer("body", "extra"), start_of_day("letter_date"))


def _to(letter: Letter) -> str:
    name = letter.contact.full_name if letter.contact else letter.recipient.split("\n", 1)[0]
    return f"To {name}" if name else ""


def _word(letter: Letter) -> Line:
    return Line(
        title=letter.subject or "Letter",
        url_name="letters:detail",
        pk=letter.pk,
        by=_to(letter),
        pill=("Draft", "warning", "pencil") if letter.is_draft else None,
    )


SOURCE = Source("letters", "Letters", "mail", "letters.view", _rows, _word)


def _searched(actor: User) -> QuerySet[Letter]:
    return visible_letters(actor).select_related("contact")


def _found(letter: Letter) -> tuple[str, str, date | None]:
    return letter.subject or "Letter", _to(letter), letter.letter_date


FOUND = finding.Source(
    key="letters",
    label="Letters",
    icon="mail",
    permission="letters.view",
    statement="SELECT found_id, wanted FROM search_letters_letter(%s, %s, %s, %s)",
    text="body",
    url_name="letters:detail",
    rows=_searched,
    word=_found,
)
