"""A person's own notices, and the devices on which they are told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from accounts.selectors import describe_browser
from clinical.notices import selectors, services
from clinical.notices.forms import EndpointForm, SubscriptionForm

if TYPE_CHECKING:
    from uuid import UUID

    from clinical.practice.requests import SignedInRequest

UNPROCESSABLE = 422


@require_safe
@requires(Action.VIEW, Resource.ACCOUNT)
def notices(request: SignedInRequest) -> HttpResponse:
    """Show the newest notices, and where else the person is told."""
    context = {
        "notices": selectors.latest_notices(request.user),
        "unread": selectors.count_unread(request.user),
        "devices": selectors.devices_of(request.user),
        "push_key": selectors.push_public_key(),
    }
    return render(request, "notices/list.html", context)


@require_safe
@requires(Action.VIEW, Resource.ACCOUNT)
def bell(request: SignedInRequest) -> HttpResponse:
    """Answer the bell anew, with what stands under it."""
    return render(request, "notices/_bell.html", {"is_fresh": True})


@require_safe
@requires(Action.VIEW, Resource.ACCOUNT)
def latest(request: SignedInRequest) -> HttpResponse:
    """Answer what stands under the bell, asked for when it is opened."""
    found = selectors.latest_notices(request.user, size=selectors.SHOWN_UNDER_BELL)
    return render(request, "notices/_latest.html", {"notices": found})


@require_safe
@requires(Action.VIEW, Resource.ACCOUNT)
def open_notice(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Go where a notice leads; it is read then."""
    notice = selectors.get_notice(request.user, pk)
    services.mark_read(notice, at=timezone.now())
    return redirect(notice.url)


@require_POST
@requires(Action.CHANGE, Resource.ACCOUNT)
def read_all(request: SignedInRequest) -> HttpResponse:
    services.mark_all_read(actor=request.user, at=timezone.now())
    if request.headers.get("HX-Request"):
        return render(request, "notices/_bell.html", {"is_fresh": True})
    return redirect("notices:list")


@require_POST
@requires(Action.CHANGE, Resource.ACCOUNT)
def subscribe(request: SignedInRequest) -> HttpResponse:
    """Tell the browser that asks, from now on."""
    form = SubscriptionForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": "The browser's answer is incomplete."}, status=UNPROCESSABLE)
    try:
        services.subscribe(
            actor=request.user,
            device=describe_browser(request.headers.get("User-Agent", "")),
            at=timezone.now(),
            **form.cleaned_data,
        )
    except services.SubscriptionError as error:
        return JsonResponse({"detail": str(error)}, status=UNPROCESSABLE)
    return HttpResponse(status=204)


@require_POST
@requires(Action.CHANGE, Resource.ACCOUNT)
def unsubscribe(request: SignedInRequest) -> HttpResponse:
    """Tell the browser that asks no more."""
    form = EndpointForm(request.POST)
    if form.is_valid():
        services.unsubscribe(actor=request.user, endpoint=form.cleaned_data["endpoint"])
    return HttpResponse(status=204)


@require_POST
@requires(Action.CHANGE, Resource.ACCOUNT)
def remove_device(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take one of the person's devices off the list; somebody else's is not found."""
    if not services.unsubscribe(actor=request.user, pk=pk):
        raise Http404
    messages.success(request, "That device is told no more.")
    return redirect("notices:list")
