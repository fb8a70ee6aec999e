"""Settings → Plan, Address, Practice: what concerns the clinic as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Action, Resource, requires
from onboarding.subscription import kinds
from onboarding.subscription.forms import AddressForm, DetailsForm, GoLiveForm, PlanForm
from onboarding.subscription.offer import offer
from onboarding.subscription.selectors import measures, standing, too_big_for, usage
from tenants import jobs

if TYPE_CHECKING:
    from clinical.practice.requests import SignedInRequest
    from tenants.models import Job

RENAME = "rename"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SUBSCRIPTION)
def plan(request: SignedInRequest) -> HttpResponse:
    """Show the plan, what is used of it, and the others; a POST chooses one."""
    form = PlanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        problem = _ask(request, kinds.PLAN, plan=form.cleaned_data["plan"])
        if not problem:
            return redirect("subscription:plan")
        messages.error(request, problem)
    used, now = usage(), standing(request.tenant, now=timezone.now())
    context = {
        "standing": now,
        "measures": measures(now.plan, used),
        "plans": [
            {"plan": one, "is_mine": one == now.plan, "against": too_big_for(one, used)}
            for one in offer().offered
        ],
        "offer": offer(),
        "job": _latest(kinds.PLAN),
    }
    return render(request, "subscription/plan.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SUBSCRIPTION)
def address(request: SignedInRequest) -> HttpResponse:
    """Show the clinic's address; a POST asks for another."""
    form = AddressForm(request.tenant.subdomain, request.POST or None)
    if request.method == "POST" and form.is_valid():
        problem = _ask(request, RENAME, subdomain=form.cleaned_data["subdomain"])
        if not problem:
            return redirect("subscription:address")
        form.add_error(None, problem)
    context = {"form": form, "job": _latest(RENAME)}
    code = 422 if form.errors else 200
    return render(request, "subscription/address.html", context, status=code)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def details(request: SignedInRequest) -> HttpResponse:
    """Show the practice's name, region and clock; a POST changes them."""
    clinic = request.tenant
    initial = {"name": clinic.name, "region": clinic.region, "time_zone": clinic.time_zone}
    form = DetailsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        problem = _ask(request, kinds.DETAILS, **form.cleaned_data)
        if not problem:
            return redirect("subscription:details")
        form.add_error(None, problem)
    context = {"form": form, "job": _latest(kinds.DETAILS)}
    code = 422 if form.errors else 200
    return render(request, "subscription/details.html", context, status=code)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.SETTINGS)
def go_live(request: SignedInRequest) -> HttpResponse:
    """Show from which day on the clinic works here; a POST says it."""
    day = request.tenant.went_live_at
    form = GoLiveForm(request.POST or None, initial={"went_live_on": day.date() if day else None})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["went_live_on"]
        problem = _ask(request, kinds.DETAILS, went_live_on=chosen.isoformat() if chosen else "")
        if not problem:
            return redirect("subscription:go_live")
        form.add_error(None, problem)
    context = {"form": form, "job": _latest(kinds.DETAILS)}
    code = 422 if form.errors else 200
    return render(request, "subscription/go_live.html", context, status=code)


@require_safe
@requires(Action.VIEW, Resource.SETTINGS)
def progress(request: SignedInRequest, kind: str) -> HttpResponse:
    """Answer how far the newest job of a kind is; when it has ended the page comes anew."""
    job = _latest(kind)
    if job is None or not job.is_open:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "subscription/_job.html", {"job": job})


def _ask(request: SignedInRequest, kind: str, **params: Any) -> str:
    """Ask for a job of the clinic; answers what is in the way, "" where nothing is."""
    person = request.user
    try:
        jobs.ask(kind, request.tenant, asked_by=person.email, asked_from="clinic", **params)
    except jobs.JobError as error:
        return str(error)
    return ""


def _latest(kind: str) -> Job | None:
    return next((job for job in jobs.of_running_clinic() if job.kind == kind), None)
