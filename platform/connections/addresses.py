"""Where vendors are reached: as each vendor's package says, or where this installation points instead."""

from __future__ import annotations

from django.conf import settings

_defaults: dict[str, str] = {}


def offer(name: str, url: str) -> None:
    """Name an address of a vendor's, such as "xero.api"; tests and peers point it elsewhere."""
    _defaults[name] = url


def url(name: str) -> str:
    """Answer an address without a slash at its end; raises KeyError for a name nobody offered."""
    found: str = settings.VENDOR_URLS.get(name) or _defaults[name]
    return found.rstrip("/")


def resolved(name_or_url: str) -> str:
    """Answer an address as it is, or the one that goes by this name."""
    return name_or_url if "://" in name_or_url else url(name_or_url)
