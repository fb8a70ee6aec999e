"""Words and figures of the import's pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import template

from onboarding.imports.lookups import choice_of
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onboarding.imports.data_status import Linking
    from onboarding.imports.decisions import Decision

register = template.Library()

_OUTCOMES = {"skipped": "skipped", "quarantined": "set aside", "unchanged": "unchanged"}
_KINDS = {
    "patient": "patients",
    "appointment": "appointments",
    "contact": "phones and e-mails",
    "address": "addresses",
    "identifier": "numbers",
    "relation": "people around patients",
    "patient_contact": "people around patients",
    "contact_point": "phones and e-mails",
    "referrer": "contacts and referrers",
    "note": "notes",
    "letter": "letters",
    "reminder": "reminders",
    "message": "messages",
    "invoice": "past invoices",
    "document": "documents",
    "image_batch": "image batches",
    "image": "images",
    "location": "locations",
    "practitioner": "clinicians",
    "appointment_type": "appointment types",
    "funding_type": "funding types",
}


@register.filter
def plural_of(entity: str) -> str:
    found = ENTITIES.get(entity)
    return found.plural if found else ""


@register.filter
def outcome_word(outcome: str) -> str:
    return _OUTCOMES.get(outcome, outcome)


@register.filter
def kind_word(kind: str) -> str:
    return _KINDS.get(kind, kind)


@register.filter
def percent(share: float | None) -> str:
    """Write a share of 0 to 1; what is neither none nor all is never shown as that."""
    if share is None:
        return "–"
    if 0 < share < 0.005:  # noqa: PLR2004
        return "< 1\N{NO-BREAK SPACE}%"
    if 0.995 <= share < 1:  # noqa: PLR2004
        return "> 99\N{NO-BREAK SPACE}%"
    return f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


@register.filter
def choices(text: str) -> list[list[str]]:
    """Part `a|A,b|B` into pairs."""
    return [pair.split("|") for pair in text.split(",")]


@register.filter
def glue_choices(text: str) -> list[list[str]]:
    """Part `blank|yes, after a blank,comma|…` into pairs: a comma parts them only before a name."""
    return [pair.split("|") for pair in re.split(r",(?=\w*\|)", text)]


@register.filter
def as_choice(decision: Decision | None) -> str:
    return choice_of(decision)


@register.filter
def at(items: Sequence[Any], index: int) -> Any:
    return items[index] if index < len(items) else ""


@register.filter
def has_reasons(report: Mapping[str, Any]) -> bool:
    return any(table["reasons"] for table in report["tables"])


@register.filter
def has_issues(report: Mapping[str, Any]) -> bool:
    return any(table["issues"] for table in report["tables"])


@register.filter
def in_archive(count: int) -> str:
    return f"{count:,} of them in the archive" if count else ""


@register.filter
def linking_words(kind: Linking) -> str:
    """Say how many files belong to a patient, and how many to nobody yet."""
    if not kind.total:
        return ""
    return f"{kind.linked:,} linked, {kind.unlinked:,} not linked"
