"""Tabler's outline icons, inlined so that they take the colour of the text around them."""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from ui.packages import node_modules

_SAFE_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


class UnknownIconError(ValueError):
    """No icon has this name."""


@lru_cache(maxsize=512)
def _paths(name: str) -> str:
    """Answer what stands between <svg> and </svg>; nothing when no icon is installed at all."""
    folder = node_modules() / "@tabler/icons/icons/outline"
    if not folder.is_dir():
        return ""
    file = folder / f"{name}.svg"
    if not _SAFE_NAME.fullmatch(name) or not file.is_file():
        raise UnknownIconError(
            f"There is no icon named {name!r}; the names are those of the files in {folder}."
        )
    svg = file.read_text(encoding="utf-8")
    body = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    return " ".join(line.strip() for line in body.splitlines() if 'd="M0 0h24v24H0z"' not in line)


def icon_svg(name: str, *, size: int = 20, label: str = "", extra_class: str = "") -> SafeString:
    """Draw an icon. Without a label it is decoration and screen readers pass over it."""
    return _drawn(name, size, extra_class) if not label else _draw(name, size, label, extra_class)


@lru_cache(maxsize=1024)
def _drawn(name: str, size: int, extra_class: str) -> SafeString:
    return _draw(name, size, "", extra_class)


def _draw(name: str, size: int, label: str, extra_class: str) -> SafeString:
    meaning = (
        f'role="img" aria-label="{conditional_escape(label)}"' if label else 'aria-hidden="true"'
    )
    return mark_safe(  # noqa: S308 - the paths are a pinned package's, the rest is escaped
        f'<svg class="icon {conditional_escape(extra_class)}" width="{int(size)}" '
        f'height="{int(size)}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" focusable="false" '
        f"{meaning}>{_paths(name)}</svg>"
    )
