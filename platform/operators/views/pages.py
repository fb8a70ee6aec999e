"""Pages of long lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest


def number(text: str | None) -> int:
    """Read the number of a page; the first where it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004


def page_urls(request: HttpRequest, previous: int | None, following: int | None) -> dict[str, str]:
    """Answer the addresses of the pages before and after, with the same filters."""
    return {"previous": _url(request, previous), "next": _url(request, following)}


def _url(request: HttpRequest, page: int | None) -> str:
    if page is None:
        return ""
    asked = request.GET.copy()
    asked["page"] = str(page)
    return f"{request.path}?{asked.urlencode()}"
