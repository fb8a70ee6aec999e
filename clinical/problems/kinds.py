"""The three lists, and what each keeps of a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format

from clinical.problems.models import Allergy, Medication, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Kind:
    """One list; `fields` are what people set: column → label."""

    slug: str
    label: str
    one: str
    model: type[Any]
    fields: Mapping[str, str]

    def wording_of(self, entry: Any) -> dict[str, str]:
        """Put an entry into words: label → text, what is empty left out."""
        words = {}
        for column, label in self.fields.items():
            shown = getattr(entry, f"get_{column}_display", None)
            value = getattr(entry, column)
            text = date_format(value, "j M Y") if hasattr(value, "strftime") else str(value or "")
            if text:
                words[label] = str(shown()) if shown else text
        return words


KINDS = {
    kind.slug: kind
    for kind in (
        Kind(
            "problems",
            "Problems",
            "problem",
            Problem,
            {
                "name": "Problem",
                "code": "Code",
                "code_title": "Code says",
                "code_list": "Classification",
                "status": "Status",
                "onset_on": "Since",
                "resolved_on": "Resolved",
                "side": "Side",
                "severity": "Severity",
                "note": "Note",
            },
        ),
        Kind(
            "allergies",
            "Allergies",
            "allergy",
            Allergy,
            {
                "substance": "Substance",
                "reaction": "Reaction",
                "severity": "Severity",
                "status": "Status",
                "noted_on": "Known since",
                "note": "Note",
            },
        ),
        Kind(
            "medications",
            "Medications",
            "medication",
            Medication,
            {
                "name": "Medicine",
                "dose": "Dose",
                "frequency": "How often",
                "since": "Since",
                "until": "Until",
                "source": "Who says so",
                "note": "Note",
            },
        ),
    )
}


def kind_of(entry: object) -> Kind:
    return next(kind for kind in KINDS.values() if isinstance(entry, kind.model))
