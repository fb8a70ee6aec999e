"""A visitor's way in and out, on the clinic's own host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.tasks import operators_url
from accounts.visitors import VISIT
from support import services
from support.banner import visitors_bar
from tenants.scope import current_scope

if TYPE_CHECKING:
    from django.http import HttpRequest

GONE = 410


@require_http_methods(["GET", "HEAD", "POST"])
@login_not_required
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """Say what the visitor is here for; the POST uses the link up and comes in.

    Looking at the page spends nothing, so no program that follows links can use it up.
    """
    at = timezone.now()
    # In the query: of an address that is refused the log quotes the path.
    token = request.GET.get("token", "")
    try:
        if request.method != "POST":
            visit = services.visit_of_token(token, at=at)
            return render(request, "support/enter.html", {"visit": visit, "access": visit.access})
        visit = services.enter(token, address=current_scope().actor.address or None, at=at)
    except services.HandOverError as error:
        context = {"problem": str(error), "console": operators_url()}
        return render(request, "support/no_entry.html", context, status=GONE)
    request.session.flush()
    request.session[VISIT] = str(visit.pk)
    # Names the row the session belongs to; Django's own log-in does not know it without a backend.
    request.session[SESSION_KEY] = str(visit.operator_id)
    rotate_token(request)
    return redirect("home")


@require_POST
@login_not_required
def leave(request: HttpRequest) -> HttpResponse:
    """End the visit; what the browser kept of these pages is forgotten."""
    visit = request.user.visit if request.user.is_authenticated else None
    if visit is not None:
        services.leave(visit, at=timezone.now())
        request.session.flush()
    response = render(request, "support/left.html", {"console": operators_url()})
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_safe
@login_not_required
def bar(request: HttpRequest) -> HttpResponse:
    """Answer the visitor's bar anew; where the visit is over, have the page asked for again."""
    visit = request.user.visit if request.user.is_authenticated else None
    if visit is None:
        return HttpResponse(headers={"HX-Refresh": "true"})
    banner = visitors_bar(visit, clinic=request.tenant.name)  # type: ignore[attr-defined]
    return render(request, "ui/shell/banner.html", {"banner": banner})
