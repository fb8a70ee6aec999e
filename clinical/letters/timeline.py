"""Letters on a patient's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.letters.rules import visible_letters
from clinical.patients.timeline import Line, Source, dated, start_of_day

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.letters.models import Letter
    from clinical.patients.models import Patient


def _rows(actor: User, patient: Patient) -> QuerySet[Letter]:
    letters = visible_letters(actor).filter(patient=patient).select_related("contact")
    return dated(letters.defer("body", "extra"), start_of_day("letter_date"))


def _word(letter: Letter) -> Line:
    name = letter.contact.full_name if letter.contact else letter.recipient.split("\n", 1)[0]
    return Line(
        title=letter.subject or "Letter",
        url_name="letters:detail",
        pk=letter.pk,
        by=f"To {name}" if name else "",
        pill=("Draft", "warning", "pencil") if letter.is_draft else None,
    )


SOURCE = Source("letters", "Letters", "mail", "letters.view", _rows, _word)
