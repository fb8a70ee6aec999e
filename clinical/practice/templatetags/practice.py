"""Marks that the clinical pages share. `{% load practice %}`."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def swatch(colour: str, css: str = "px-dot") -> SafeString:
    """Draw an entry's own colour; its name must stand beside it.

    An SVG's attribute, because the security policy forbids colours in `style`.
    """
    if not colour:
        return mark_safe("")
    return format_html(
        '<svg class="{}" viewBox="0 0 10 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="10" height="10" fill="{}"/></svg>',
        css,
        colour,
    )
