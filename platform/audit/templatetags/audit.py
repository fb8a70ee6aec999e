"""Filters for pages that show events: `{% load audit %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from audit import wording

if TYPE_CHECKING:
    from audit.models import Event

register = template.Library()


@register.filter
def worded(event: Event) -> wording.Wording:
    """Answer label, tone and icon of an event's action."""
    return wording.wording_of(event)


@register.filter
def changes(event: Event) -> list[wording.Change] | None:
    """Answer the values an event tells of; None when they were erased."""
    return wording.changes_of(event)
