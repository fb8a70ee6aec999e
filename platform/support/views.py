"""Settings → Support access, and Settings → Where your data live: the owner's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from support import facts, selectors, services
from support.forms import AskForm, TermsForm

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

UNPROCESSABLE = 422


@require_safe
@requires(Action.VIEW, Resource.SUPPORT)
def overview(request: HttpRequest) -> HttpResponse:
    """Show who asks, who may come in now, and who has."""
    return _overview(request, AskForm())


@require_POST
@requires(Action.CREATE, Resource.SUPPORT)
def offer(request: HttpRequest) -> HttpResponse:
    """Let support in without being asked."""
    form = AskForm(request.POST)
    if not form.is_valid():
        return _overview(request, form, status=UNPROCESSABLE)
    made = services.offer_access(actor=_person(request), at=timezone.now(), **form.cleaned_data)
    messages.success(request, "Nexus support may come in now.")
    return redirect("support:access", pk=made.pk)


@require_safe
@requires(Action.VIEW, Resource.SUPPORT)
def access(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show one access: who let whom in, and everything that was opened."""
    return _access(request, pk, None)


@require_POST
@requires(Action.CHANGE, Resource.SUPPORT)
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Grant what was asked for, on the owner's terms, or decline it."""
    found, now = selectors.get_access(pk), timezone.now()
    form = TermsForm(request.POST)
    try:
        if request.POST.get("action") == "decline":
            services.decline_access(found, actor=_person(request), at=now)
            messages.success(request, "Declined. Nobody has been let in.")
        elif form.is_valid():
            services.grant_access(found, actor=_person(request), at=now, **form.cleaned_data)
            messages.success(request, f"{found.operator_name} may come in now.")
        else:
            return _access(request, pk, form, status=UNPROCESSABLE)
    except services.SupportError as error:
        messages.error(request, str(error))
    return redirect("support:access", pk=pk)


@require_POST
@requires(Action.CHANGE, Resource.SUPPORT)
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End an access at once."""
    found = selectors.get_access(pk)
    services.end_access(found, by=_person(request).name, at=timezone.now())
    messages.success(request, "Ended. Whoever was in is out.")
    return redirect("support:access", pk=pk)


@require_safe
@requires(Action.VIEW, Resource.SUPPORT)
def where(request: HttpRequest) -> HttpResponse:
    """Show what runs for this clinic, measured now."""
    now = timezone.now()
    record("view", object_type="support_where")
    context = {
        "sections": facts.sections_of(request.tenant),  # type: ignore[attr-defined]
        "recipients": facts.recipients(),
        "measured_at": now,
        "looked": selectors.past(at=now, most=5),
        "running": selectors.running(at=now),
    }
    return render(request, "support/where.html", context)


def _overview(request: HttpRequest, form: AskForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    context = {
        "waiting": selectors.waiting(),
        "running": selectors.running(at=now),
        "past": selectors.past(at=now),
        "form": form,
    }
    return render(request, "support/overview.html", context, status=status)


def _access(
    request: HttpRequest, pk: UUID, form: TermsForm | None, *, status: int = 200
) -> HttpResponse:
    found = selectors.get_access(pk)
    now = timezone.now()
    asked = {"mode": found.mode, "minutes": found.minutes}
    context = {
        "access": found,
        "is_running": found.state == found.State.GRANTED and (found.ends_at or now) > now,
        "visits": selectors.visits_of(found),
        "looked": selectors.looked(found),
        "form": form or TermsForm(initial=asked),
    }
    return render(request, "support/access.html", context, status=status)


def _person(request: HttpRequest) -> Any:
    return request.user
