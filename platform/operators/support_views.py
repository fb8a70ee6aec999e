"""Support access, the operators' side: ask, come in by emergency, enter, end.

What is written is written in the clinic's own scope by `support.services`, as the clinic's own code:
the operators' role has no way there, and cannot write the copy it lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from accounts.sessions import digest_of
from support import services
from support.desk import selectors
from support.forms import AskForm, EmergencyForm
from support.models import Access
from support.telling import NobodyToTellError
from tenants.closing import OPEN
from tenants.models import Tenant
from tenants.scope import current_scope, tenant_scope
from ui import csp

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from uuid import UUID

    from django import forms
    from django.http import HttpRequest

    from support.desk.models import Case
    from tenants.scope import Scope

LISTED = 200
UNPROCESSABLE = 422


@require_safe
@requires(Action.VIEW, Resource.SUPPORT)
def case_list(request: HttpRequest) -> HttpResponse:
    """Show who waits for an answer, where somebody may come in, and what is over."""
    now = timezone.now()
    still_open = list(selectors.open_cases(at=now))
    over = selectors.cases().exclude(pk__in=[case.pk for case in still_open])
    context = {
        "open": [(case, _is_mine(request, case)) for case in still_open],
        "over": list(over[:LISTED]),
        "clinics": list(Tenant.objects.filter(state__in=OPEN)),
    }
    response = render(request, "operators/support.html", context)
    # Browsers ask `form-action` about the redirect that follows a form, too.
    for case in still_open:
        csp.allow(response, "form-action", case.tenant.url)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.SUPPORT)
def ask(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Ask the owners of a clinic to be let in."""
    tenant = _clinic(tenant_id)
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _write(
            request,
            form,
            tenant,
            lambda operator: services.ask_for_access(
                operator=operator, at=timezone.now(), **form.cleaned_data
            ),
            said=f"The owners of {tenant.name} have been asked.",
        )
    return _form(request, form, tenant)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.SUPPORT)
def emergency(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Open a clinic at once, to look, for an hour; its owners hear of it in the same moment."""
    tenant = _clinic(tenant_id)
    form = EmergencyForm(request.POST or None, tenant=tenant)
    if request.method == "POST" and form.is_valid():
        return _write(
            request,
            form,
            tenant,
            lambda operator: services.open_in_emergency(
                operator=operator, reason=form.cleaned_data["reason"], at=timezone.now()
            ),
            said=f"{tenant.name} is open to you for an hour. Its owners have been told.",
        )
    return _form(request, form, tenant)


@require_POST
@requires(Action.RUN, Resource.SUPPORT)
@never_cache
def enter(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Lead to the clinic's own host, by a link that is good once and for a minute."""
    case = _case(pk)
    operator = _operator(request)
    try:
        with _scope(request, case.tenant):
            token = services.make_hand_over(
                Access.objects.get(pk=pk), operator=operator, at=timezone.now()
            )
    except services.SupportError as error:
        messages.error(request, str(error))
        return redirect("operators_support:list")
    path = reverse("support:enter", urlconf=settings.CLINIC_URLCONF)
    return redirect(f"{case.tenant.url}{path}?{urlencode({'token': token})}")


@require_POST
@requires(Action.CHANGE, Resource.SUPPORT)
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End an access, or take a request back."""
    case = _case(pk)
    with _scope(request, case.tenant):
        access = Access.objects.get(pk=pk)
        services.end_access(access, by=_operator(request).name, at=timezone.now())
    messages.success(request, "Ended. Its owners see that, and what was opened.")
    return redirect("operators_support:list")


def _write(
    request: HttpRequest,
    form: forms.Form,
    tenant: Tenant,
    verb: Callable[[services.Operator], Access],
    *,
    said: str,
) -> HttpResponse:
    try:
        with _scope(request, tenant):
            verb(_operator(request))
    except (services.SupportError, NobodyToTellError) as error:
        form.add_error(None, str(error))
        return _form(request, form, tenant)
    messages.success(request, said)
    return redirect("operators_support:list")


def _form(request: HttpRequest, form: forms.Form, tenant: Tenant) -> HttpResponse:
    name = "emergency" if isinstance(form, EmergencyForm) else "ask"
    return render(
        request,
        f"operators/support_{name}.html",
        {"form": form, "clinic": tenant},
        status=UNPROCESSABLE if form.errors else 200,
    )


def _scope(request: HttpRequest, tenant: Tenant) -> AbstractContextManager[Scope]:
    """Open the clinic's own scope to write the request there, in the operator's name."""
    before = current_scope().actor
    actor = _operator(request).actor_as(before)
    return tenant_scope(tenant, using="default", actor=actor)


def _operator(request: HttpRequest) -> services.Operator:
    person: Any = request.user
    return services.Operator(
        id=person.pk, name=person.name, session=digest_of(request.session.session_key or "")
    )


def _is_mine(request: HttpRequest, case: Case) -> bool:
    return case.operator_id in (None, request.user.pk)


def _clinic(tenant_id: int) -> Tenant:
    found: Tenant | None = Tenant.objects.filter(pk=tenant_id, state__in=OPEN).first()
    if found is None:
        raise Http404("There is no such clinic, or it is closed.")
    return found


def _case(pk: UUID) -> Case:
    found = selectors.get_case(pk)
    if found is None:
        raise Http404("There is no such access.")
    return found
