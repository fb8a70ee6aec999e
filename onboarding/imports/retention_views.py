"""How long uploaded files are kept: said by the clinic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.permissions import Action, Resource, requires
from onboarding.imports.retention import RetentionError, keep_for

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def retention(request: HttpRequest) -> HttpResponse:
    """Set how many days uploaded files are kept."""
    sent = request.POST.get("days", "")
    try:
        keep_for(
            int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < len("1000") else 0
        )
    except RetentionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Uploaded files are deleted after {sent} days from now on.")
    return redirect("imports:list")
