"""The audit page's URLs, behind a guard that the wiring brings along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import path

from audit import views

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.urls import URLPattern


def behind(guard: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
    """Answer what `include` takes; `guard` lets only those through who may see the trail.

    People and their rights belong to `accounts`, which this app must not know.
    """
    patterns: list[URLPattern] = [
        path("", guard(views.trail), name="trail"),
        path("seals/", guard(views.state), name="state"),
        path("verify/", guard(views.check), name="check"),
    ]
    return patterns, "audit"
