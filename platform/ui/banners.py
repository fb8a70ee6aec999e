"""A line above every page of a clinic, while there is something everybody should know.

Apps register who is asked for it; the frame shows what the first of them answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True)
class Banner:
    """What is said; `url` answers the banner anew, or nothing once it no longer holds."""

    title: str
    text: str
    url: str = ""
    icon: str = "info-circle"
    tone: str = "info"
    action_url: str = ""
    action: str = ""
    """A button: where it posts to, and what it says."""


Provider = Callable[["HttpRequest"], Banner | None]
_providers: list[Provider] = []


def register_banner(provider: Provider, *, first: bool = False) -> None:
    """Ask this provider on every page of a clinic: it must cost next to nothing."""
    if provider not in _providers:
        _providers.insert(0 if first else len(_providers), provider)


def banner_for(request: HttpRequest) -> Banner | None:
    """Answer the first banner there is."""
    found = (provider(request) for provider in _providers)
    return next((banner for banner in found if banner is not None), None)
