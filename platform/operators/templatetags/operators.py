"""How the console writes figures: `{% load operators %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from onboarding.imports.phases import NAMES
from operators import rules
from ui import wording

if TYPE_CHECKING:
    from datetime import datetime

    from operators.selectors import Overview

register = template.Library()
register.filter("moment", rules.moment)


@register.filter
def ago_or(value: datetime | None, otherwise: str = wording.DASH) -> str:
    """Write how long ago, `otherwise` where there is no moment."""
    return wording.ago(value) if value else otherwise


@register.filter
def live_count(integrations: list[dict[str, Any]]) -> int:
    return sum(one["state"] == "live" for one in integrations)


@register.filter
def phase_name(number: int | None) -> str:
    """Name a phase of an import by its number; nothing that stood in the file."""
    return NAMES.get(number, "") if number is not None else ""


@register.filter
def words(name: str) -> str:
    """Write a name of the code as words."""
    return name.replace("_", " ").capitalize()


@register.filter
def page_words(found: Overview) -> str:
    """Say which of how many stand on the page."""
    clinics = f"{found.found:,} clinic{'' if found.found == 1 else 's'}"
    return f"{clinics}, page {found.page} of {found.pages}" if found.pages > 1 else clinics
