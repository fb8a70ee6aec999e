"""`{% load notes %}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

register = template.Library()


@register.filter
def of(texts: Mapping[str, str], key: str) -> str:
    """Answer the text that belongs to the key, or nothing."""
    return texts.get(key, "")


@register.filter
def at(lines: Sequence[str], number: int) -> str:
    return lines[number]


@register.filter
def as_json(value: Any) -> str:
    """Write a value as a hidden field carries it to a script."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def is_step(value: Any, step: int) -> bool:
    """Answer whether a scale stands at this step, as kept or as typed."""
    return str(value) == str(step)
