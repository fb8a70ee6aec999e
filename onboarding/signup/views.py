"""Pages of the platform's own host: what Nexus is, sign-up, its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from onboarding.signup import services
from onboarding.signup.forms import SignupForm
from onboarding.signup.models import Signup
from onboarding.signup.throttle import SignupThrottle
from tenants.lifecycle import SubdomainError, check_subdomain
from tenants.models import Tenant

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

STEPS = [
    (Signup.State.REQUESTED, "Address reserved"),
    (Signup.State.BUILDING, "Building your clinic’s own database schema"),
    (Signup.State.STAFFING, "Making your account"),
    (Signup.State.READY, "Ready"),
]


@require_GET
def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/landing.html")


@require_http_methods(["GET", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    form = SignupForm(request.POST or None)
    status = 200
    if request.method == "POST":
        wait = SignupThrottle().hit(request.META.get("REMOTE_ADDR", ""))
        if wait:
            response = render(
                request,
                "signup/throttled.html",
                {"minutes": max(1, round(wait / 60))},
                status=429,
            )
            response["Retry-After"] = str(wait)
            return response
        if form.is_valid():
            wishes = {key: value for key, value in form.cleaned_data.items() if key != "terms"}
            try:
                wish = services.request_clinic(**wishes)
            except SubdomainError as error:
                form.add_error("subdomain", str(error))
            else:
                return redirect("signup:progress", wish.pk)
        status = 422
    context = {"form": form, "base_domain": settings.BASE_DOMAIN}
    return render(request, "signup/signup.html", context, status=status)


@require_GET
def check_address(request: HttpRequest) -> HttpResponse:
    """Answer, while the owner types, whether the address can be had."""
    wanted = request.GET.get("subdomain", "").strip().lower()
    context: dict[str, object] = {"subdomain": wanted, "base_domain": settings.BASE_DOMAIN}
    if wanted:
        try:
            context["free"] = services.subdomain_is_free(check_subdomain(wanted))
        except SubdomainError as error:
            context["error"] = str(error)
    return render(request, "signup/_address.html", context)


@require_GET
def progress(request: HttpRequest, signup_id: UUID) -> HttpResponse:
    wish = Signup.objects.filter(pk=signup_id).first()
    if wish is None:
        raise Http404
    clinic = Tenant.objects.filter(pk=wish.clinic_id).first() if wish.clinic_id else None
    order = [state for state, _label in STEPS]
    reached = order.index(Signup.State(wish.state)) if wish.state in order else -1
    context = {
        "signup": wish,
        "clinic": clinic,
        "steps": [
            {
                "label": label,
                "done": index < reached or wish.state == "ready",
                "now": index == reached,
            }
            for index, (_state, label) in enumerate(STEPS)
        ],
        "finished": wish.state in {Signup.State.READY, Signup.State.FAILED},
    }
    partial = request.headers.get("HX-Request") == "true"
    return render(request, "signup/_progress.html" if partial else "signup/progress.html", context)
