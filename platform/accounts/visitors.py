"""Sessions of people who are not of the clinic: whoever knows of them says who is behind one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from accounts.models import User

VISIT = "nexus_visit"
"""The key of such a session's data: the visit's id."""

_known: list[Callable[[HttpRequest], User | None]] = []


def know_visitors(finder: Callable[[HttpRequest], User | None]) -> None:
    """Register who finds the person of a visit, in the clinic's scope; None where it has ended."""
    if finder not in _known:
        _known.append(finder)


def visitor_behind(request: HttpRequest) -> User | AnonymousUser:
    """Answer the visitor of the session; nobody, where the visit is over."""
    return next((found for find in _known if (found := find(request))), None) or AnonymousUser()
