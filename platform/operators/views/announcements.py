"""Telling clinics something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import Action, Resource, requires
from announcements import services
from announcements.models import Announcement
from operators.forms import AnnouncementForm
from tenants.models import Tenant

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest

MOST = 50
TONES = {"shown": "success", "coming": "info", "over": "neutral", "withdrawn": "neutral"}


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def announcement_list(request: HttpRequest) -> HttpResponse:
    """Answer what is said, will be said and was said."""
    now = timezone.now()
    found = list(Announcement.objects.all()[:MOST])
    wanted = {pk for one in found for pk in one.tenant_ids}
    names = dict(Tenant.objects.filter(pk__in=wanted).values_list("pk", "name"))
    rows = [
        (
            one,
            state := one.state_at(now),
            TONES[state],
            [names.get(pk, f"clinic {pk}") for pk in one.tenant_ids],
        )
        for one in found
    ]
    return render(request, "operators/announcements.html", {"rows": rows})


@require_http_methods(["GET", "POST"])
@requires(Action.CREATE, Resource.TENANTS)
def announce(request: HttpRequest, announcement_id: uuid.UUID | None = None) -> HttpResponse:
    """Make or change an announcement."""
    found = _found(announcement_id) if announcement_id else Announcement()
    form = AnnouncementForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        services.announce(form.save(commit=False), made_by=request.user.email)  # type: ignore[union-attr]
        messages.success(request, "It is said, on every page within half a minute.")
        return redirect("operators:announcements")
    context = {"form": form, "is_new": announcement_id is None}
    status = 422 if form.errors else 200
    return render(request, "operators/announce.html", context, status=status)


@require_POST
@requires(Action.CHANGE, Resource.TENANTS)
def withdraw(request: HttpRequest, announcement_id: uuid.UUID) -> HttpResponse:
    """Take an announcement back."""
    _found(announcement_id)
    services.withdraw(announcement_id)
    messages.success(request, "It is taken back.")
    return redirect("operators:announcements")


def _found(announcement_id: uuid.UUID) -> Announcement:
    try:
        found: Announcement = Announcement.objects.get(pk=announcement_id)
    except Announcement.DoesNotExist:
        raise Http404 from None
    return found
