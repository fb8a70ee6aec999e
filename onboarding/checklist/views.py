"""Settings → Set-up: what is done, what is left, and where it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from onboarding.checklist import services
from onboarding.checklist.selectors import CARD, setup_of, wants_card
from onboarding.demo_data.selectors import against_filling, is_filled

if TYPE_CHECKING:
    from clinical.practice.requests import SignedInRequest


@require_safe
@requires(Action.CREATE, Resource.SETTINGS)
def page(request: SignedInRequest) -> HttpResponse:
    """Show the steps as the clinic's rows have them now."""
    context = {
        "setup": setup_of(request.tenant),
        "is_filled": is_filled(),
        "may_fill": not against_filling(),
    }
    return render(request, "checklist/page.html", context)


@require_safe
@requires(Action.CREATE, Resource.SETTINGS)
def card(request: SignedInRequest) -> HttpResponse:
    """Answer the card of the first page; nothing once all is done or it is not wanted."""
    if not wants_card():
        return HttpResponse()
    setup = setup_of(request.tenant)
    if setup.is_finished:
        return HttpResponse()
    return render(request, "checklist/_card.html", {"setup": setup})


@require_POST
@requires(Action.CREATE, Resource.SETTINGS)
def dismiss(request: SignedInRequest) -> HttpResponse:
    """Take the card off the first page."""
    services.put_aside(CARD, actor=request.user)
    if request.headers.get("HX-Request"):
        return HttpResponse()
    return redirect("home")


@require_POST
@requires(Action.CREATE, Resource.SETTINGS)
def skip(request: SignedInRequest, step: str) -> HttpResponse:
    """Leave a step out."""
    try:
        services.put_aside(step, actor=request.user)
    except services.NoSuchStepError as error:
        raise Http404(str(error)) from error
    return redirect("checklist:page")


@require_POST
@requires(Action.CREATE, Resource.SETTINGS)
def resume(request: SignedInRequest, step: str) -> HttpResponse:
    """Take a step up again."""
    services.take_up(step, actor=request.user)
    return redirect("checklist:page")
