"""The content security policy: what a page may load, run and send to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

_EXTRA = "_csp_extra"


def policy(nonce: str, extra: dict[str, list[str]] | None = None, *, secure: bool = False) -> str:
    """Write the header. Only our own files and nonced elements; nothing may frame the page."""
    directives: dict[str, list[str]] = {
        "default-src": ["'self'"],
        "script-src": ["'self'", f"'nonce-{nonce}'"],
        "style-src": ["'self'", f"'nonce-{nonce}'"],
        # Tabler draws check marks and select arrows as data: images in its stylesheet.
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    for directive, sources in (extra or {}).items():
        directives.setdefault(directive, ["'self'"]).extend(sources)
    parts = [f"{name} {' '.join(sources)}" for name, sources in directives.items()]
    if secure:
        parts.append("upgrade-insecure-requests")
    return "; ".join(parts)


def allow(response: HttpResponseBase, directive: str, *sources: str) -> None:
    """Let one response use further sources.

    Browsers apply `form-action` to the redirect after a POST too: the page whose form leads to a
    clinic's own host needs `allow(response, "form-action", tenant.url)`.
    """
    extra = getattr(response, _EXTRA, {})
    extra.setdefault(directive, []).extend(sources)
    setattr(response, _EXTRA, extra)


def extras(response: HttpResponseBase) -> dict[str, list[str]]:
    """Answer what `allow` added to a response."""
    return dict(getattr(response, _EXTRA, {}))
