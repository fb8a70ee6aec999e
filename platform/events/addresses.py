"""Where a clinic's pages find the stream, and what of it their policies must name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from tenants.models import Tenant


def stream_origin(tenant: Tenant) -> str:
    """Answer the origin of the clinic's streams, or "" where it is that of its pages."""
    if settings.EVENTS_PATH:
        return ""
    return f"{'https' if settings.SECURE else 'http'}://{tenant.host}:{settings.EVENTS_PORT}"


def stream_url(tenant: Tenant) -> str:
    """Answer what the browser opens: below the clinic's own host, by a port or by the proxy."""
    return settings.EVENTS_PATH or f"{stream_origin(tenant)}/events/"
