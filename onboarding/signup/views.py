"""Pages of the platform's own host: what Nexus is, sign-up, its progress, what is agreed, how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from announcements.selectors import public_announcements
from onboarding.signup import legal, services, status
from onboarding.signup.addresses import check_address, suggestions
from onboarding.signup.forms import ConfirmForm, SignupForm
from onboarding.signup.links import LinkClosedError
from onboarding.signup.models import Signup
from onboarding.signup.throttle import admit_look, admit_sign_up
from onboarding.subscription.offer import offer
from tenants.lifecycle import SubdomainError
from tenants.models import Tenant

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

State = Signup.State
STEPS = [
    (State.REQUESTED, "Address reserved"),
    (State.BUILDING, "Building your clinic’s own database schema"),
    (State.STAFFING, "Making your account"),
    (State.READY, "Ready"),
]
TEXTS = {text.slug: text for text in (legal.TERMS, legal.AGREEMENT)}


@require_GET
def landing(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/landing.html", {"offer": offer()})


@require_GET
def status_page(request: HttpRequest) -> HttpResponse:
    """Say how the platform is; 503 where a part of it does not answer, for whoever watches it."""
    found = status.parts()
    is_well = all(part.is_well for part in found)
    now = timezone.now()
    context = {
        "parts": found,
        "is_well": is_well,
        "now": now,
        "announcements": public_announcements(now=now),
    }
    return render(request, "signup/status.html", context, status=200 if is_well else 503)


@require_GET
def legal_text(request: HttpRequest, slug: str, version: str = "") -> HttpResponse:
    """Show what is agreed, as it stands or as it stood."""
    text = TEXTS[slug]
    shown = text.version(version) if version else text.current
    if shown is None:
        raise Http404
    context = {
        "text": text,
        "version": shown,
        "is_current": shown == text.current,
        "wording": text.template(shown),
        "offer": offer(),
    }
    return render(request, "signup/legal/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    form = SignupForm(request.POST or None)
    code = 200
    if request.method == "POST":
        if form.is_valid():
            if wait := admit_sign_up(_address(request), form.cleaned_data["email"]):
                return _too_many(request, wait)
            wish = services.ask_for_clinic(**form.cleaned_data)
            return redirect("signup:progress", wish.pk)
        code = 422
    context = {"form": form, "base_domain": settings.BASE_DOMAIN, "offer": offer()}
    return render(request, "signup/signup.html", context, status=code)


@require_GET
def check(request: HttpRequest) -> HttpResponse:
    """Answer, while the owner types, whether the address can be had."""
    wanted = request.GET.get("subdomain", "").strip().lower()[:40]
    context: dict[str, object] = {"subdomain": wanted, "base_domain": settings.BASE_DOMAIN}
    if wanted and admit_look(_address(request)):
        context["error"] = (
            "You have tried many addresses. Send the form; it says whether yours is free."
        )
    elif wanted:
        try:
            context["subdomain"] = check_address(wanted)
        except SubdomainError as error:
            context |= {"error": str(error), "suggestions": suggestions(wanted)}
    return render(request, "signup/_address.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Take the password and the agreement of whoever followed the mailed link."""
    try:
        wish = services.awaited(token)
    except LinkClosedError as error:
        return render(request, "signup/closed.html", {"problem": str(error)}, status=410)
    if wish.state not in {State.MAILED, State.FAILED}:
        return redirect("signup:progress", wish.pk)
    form = ConfirmForm(wish, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.confirm(
                token,
                subdomain=form.cleaned_data["subdomain"],
                password=form.cleaned_data["password"],
                address=_address(request),
            )
        except SubdomainError as error:
            form.add_error("subdomain", str(error))
        else:
            return redirect("signup:progress", wish.pk)
    context = {"form": form, "signup": wish, "base_domain": settings.BASE_DOMAIN, "texts": TEXTS}
    return render(request, "signup/confirm.html", context, status=422 if form.errors else 200)


@require_POST
def resend(request: HttpRequest, signup_id: UUID) -> HttpResponse:
    """Mail the link once more."""
    wish = _found(signup_id)
    if wait := admit_sign_up(_address(request), wish.email):
        return _too_many(request, wait)
    services.mail_link(wish)
    messages.success(request, "The link is on its way once more.")
    return redirect("signup:progress", wish.pk)


@require_GET
def progress(request: HttpRequest, signup_id: UUID) -> HttpResponse:
    wish = _found(signup_id)
    clinic = Tenant.objects.filter(pk=wish.clinic_id).first() if wish.clinic_id else None
    order = [state for state, _label in STEPS]
    reached = order.index(State(wish.state)) if wish.state in order else -1
    context = {
        "signup": wish,
        "clinic": clinic,
        "hours": offer().sign_up.link_hours,
        "steps": [
            {
                "label": label,
                "done": index < reached or wish.state == State.READY,
                "now": index == reached,
            }
            for index, (_state, label) in enumerate(STEPS)
        ],
        "finished": wish.state in {State.READY, State.FAILED},
    }
    partial = request.headers.get("HX-Request") == "true"
    return render(request, "signup/_progress.html" if partial else "signup/progress.html", context)


def _found(signup_id: UUID) -> Signup:
    wish = Signup.objects.filter(pk=signup_id).first()
    if wish is None:
        raise Http404
    return wish


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _too_many(request: HttpRequest, wait: int) -> HttpResponse:
    minutes = max(1, round(wait / 60))
    response = render(request, "signup/throttled.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(wait)
    return response
