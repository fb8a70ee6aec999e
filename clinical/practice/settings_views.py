"""Settings, all of them: what apps have registered, by section, with a box to find one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from ui.navigation import settings_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.VIEW, Resource.ACCOUNT)
def settings_index(request: SignedInRequest) -> HttpResponse:
    """Show what the person may set."""
    return render(request, "practice/settings.html", {"sections": settings_of(request)})
