"""The pages about a clinic's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@requires(Action.VIEW, Resource.INTEGRATIONS)
@require_safe
def integrations(request: HttpRequest) -> HttpResponse:
    return render(request, "connections/list.html", {})
