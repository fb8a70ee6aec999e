"""Clinics: all of them at a glance, and a page for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Action, Resource, requires
from onboarding.subscription.offer import offer
from operators import asking, jobs_shown, selectors, services
from operators.views.pages import number, page_urls
from tenants import flags
from tenants.models import Tenant

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def clinic_list(request: HttpRequest) -> HttpResponse:
    """Answer all clinics, those in trouble first."""
    search = request.GET.get("q", "").strip()
    sort = request.GET.get("sort", "health")
    show = request.GET.get("show", "all")
    found = selectors.overview(
        search=search,
        sort=sort if sort in selectors.SORTS else "health",
        show=show if show in selectors.SHOWN else "all",
        page=number(request.GET.get("page")),
    )
    context = {
        "found": found,
        "search": search,
        "sort": sort,
        "show": show,
        "sorts": selectors.SORTS,
        "tabs": [(name, label, found.counts[name]) for name, label in selectors.SHOWN.items()],
        "pager": page_urls(request, found.previous, found.following),
        "asks": asking.open_to_platform(),
    }
    return render(request, "operators/clinics.html", context)


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def clinic(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Answer what is known of one clinic."""
    row = _row(tenant_id)
    plan = offer().plan(row.tenant.plan)
    context = {
        "row": row,
        "tenant": row.tenant,
        "jobs": jobs_shown.newest(tenant_id=tenant_id, most=10),
        "asks": asking.open_to(row.tenant),
        "flags": [
            (flag, row.tenant.flags.get(flag.name), flags.is_on(row.tenant, flag.name))
            for flag in flags.known()
        ],
        "plan": plan,
        "usage": selectors.usage_of(row, plan),
    }
    return render(request, "operators/clinic.html", context)


@require_POST
@requires(Action.RUN, Resource.TENANTS)
def look_again(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Have one clinic's figures taken now; the page follows by itself."""
    services.want_look(_row(tenant_id).tenant)
    messages.info(request, "A worker looks at it now; the page follows by itself.")
    return redirect("operators:clinic", tenant_id)


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def figures(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Answer the part of the clinic's page that changes with a new look."""
    row = _row(tenant_id)
    plan = offer().plan(row.tenant.plan)
    context = {"row": row, "tenant": row.tenant, "usage": selectors.usage_of(row, plan)}
    return render(request, "operators/_figures.html", context)


@require_POST
@requires(Action.CHANGE, Resource.TENANTS)
def switch_flag(request: HttpRequest, tenant_id: int, name: str) -> HttpResponse:
    """Switch a feature for one clinic."""
    wanted = {"on": True, "off": False, "default": None}
    choice = request.POST.get("choice", "")
    if choice not in wanted:
        raise Http404
    try:
        tenant = services.switch_flag(tenant_id, name, is_on=wanted[choice])
    except (Tenant.DoesNotExist, flags.UnknownFlagError):
        raise Http404 from None
    title = flags.named(name).title
    is_on = "on" if flags.is_on(tenant, name) else "off"
    messages.success(request, f"{title} is {is_on} at {tenant.name}.")
    return redirect("operators:clinic", tenant_id)


def _row(tenant_id: int) -> selectors.ClinicRow:
    try:
        return selectors.clinic_row(tenant_id)
    except Tenant.DoesNotExist:
        raise Http404 from None
