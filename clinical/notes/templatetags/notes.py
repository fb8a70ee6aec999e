"""`{% load notes %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

if TYPE_CHECKING:
    from collections.abc import Mapping

register = template.Library()


@register.filter
def of(texts: Mapping[str, str], key: str) -> str:
    """Answer the text that belongs to the key, or nothing."""
    return texts.get(key, "")
