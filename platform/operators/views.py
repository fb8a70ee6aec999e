"""The operators' console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Action, Resource, requires
from operators import selectors, services
from tenants.models import Tenant

if TYPE_CHECKING:
    from django.http import HttpRequest

VERBS = {"suspend": services.suspend_tenant, "reactivate": services.reactivate_tenant}


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def tenant_list(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").strip()
    rows = selectors.list_tenants(search=search)
    return render(request, "operators/tenants.html", {"rows": rows, "search": search})


@require_POST
@requires(Action.CHANGE, Resource.TENANTS)
def change_state(request: HttpRequest, tenant_id: int, verb: str) -> HttpResponse:
    try:
        tenant = VERBS[verb](tenant_id)
    except (Tenant.DoesNotExist, KeyError):
        raise Http404 from None
    except services.TenantStateError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{tenant.name} is {tenant.get_state_display().lower()} now.")
    return redirect("operators:tenants")
