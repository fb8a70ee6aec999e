"""Days that run, and the tones of states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from ui.templatetags.ui import pill

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

register = template.Library()
SOON = 7
_TONES = {"done": "success", "approved": "info", "refused": "danger", "declined": "neutral"}


@register.simple_tag
def clock(due_on: date, today: date) -> str:
    """Answer a pill that says how many days are left, or how late it is."""
    left = (due_on - today).days
    if left < 0:
        return pill(f"{-left} day{'s' if left != -1 else ''} late", "danger", icon="clock-x")
    words = "today" if left == 0 else f"{left} day{'s' if left != 1 else ''} left"
    return pill(words, "warning" if left <= SOON else "neutral", icon="clock")


@register.filter
def state_tone(state: str) -> str:
    return _TONES.get(state, "neutral")


@register.filter
def label_of(labels: Mapping[str, str], key: str) -> str:
    """Answer what a use is called."""
    return labels.get(key, key)
