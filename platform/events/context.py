"""`live` in every template: where this page hears of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from events.addresses import stream_url
from tenants import flags

if TYPE_CHECKING:
    from django.http import HttpRequest


class Live:
    """Asked for only when a template shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def url(self) -> str:
        """The stream's address for a signed-in person of a clinic, else ""."""
        tenant = getattr(self._request, "tenant", None)
        user = getattr(self._request, "user", None)
        if tenant is None or user is None or not user.is_authenticated:
            return ""
        return stream_url(tenant) if flags.is_on(tenant, "live_updates") else ""


def live(request: HttpRequest) -> dict[str, Live]:
    """Context processor."""
    return {"live": Live(request)}
