"""The audit page. Who may see it is decided where its URLs are put together (`audit.urls`)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from audit import checks, selectors, services
from audit.forms import FilterForm
from audit.naming import name_events
from audit.selectors import Cursor

if TYPE_CHECKING:
    from datetime import tzinfo

    from django.http import HttpRequest, HttpResponse


@require_GET
def trail(request: HttpRequest) -> HttpResponse:
    """Show who did and saw what, newest first, and how far that is sealed."""
    form = FilterForm(request.GET, zone=_zone(request))
    page = selectors.latest_events(
        form.wanted(),
        after=Cursor.parse(request.GET.get("after", "")),
        before=Cursor.parse(request.GET.get("before", "")),
    )
    services.record("view", object_type="audit_event")
    return render(
        request,
        "audit/trail.html",
        {
            "form": form,
            "is_asking": form.is_asking(),
            "events": name_events(page.events),
            "newer_url": _turn(request, before=page.newer),
            "older_url": _turn(request, after=page.older),
            "seals": checks.seal_state(),
        },
    )


@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """Have the trail verified in the background."""
    checks.request_check()
    messages.success(request, "The audit trail is being verified.")
    return redirect("audit:trail")


@require_GET
def state(request: HttpRequest) -> HttpResponse:
    """Show the seals and the last verification; asked again while one is running."""
    return render(request, "audit/_seals.html", {"seals": checks.seal_state()})


def _zone(request: HttpRequest) -> tzinfo:
    tenant = getattr(request, "tenant", None)
    return ZoneInfo(tenant.time_zone) if tenant else timezone.get_current_timezone()


def _turn(request: HttpRequest, **cursors: Cursor | None) -> str:
    """Answer the address of a neighbouring page under the same filters, or "" where there is none."""
    ((name, cursor),) = cursors.items()
    if cursor is None:
        return ""
    query = request.GET.copy()
    query.pop("after", None)
    query.pop("before", None)
    query[name] = str(cursor)
    return f"?{query.urlencode()}"
