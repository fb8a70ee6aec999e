"""Settings → Demo data: in with one click, out with one click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from onboarding.demo_data.kinds import FILL, REMOVE
from onboarding.demo_data.selectors import against_filling, is_filled
from tenants import jobs

if TYPE_CHECKING:
    from clinical.practice.requests import SignedInRequest
    from tenants.models import Job


@require_safe
@requires(Action.CREATE, Resource.IMPORTS)
def page(request: SignedInRequest) -> HttpResponse:
    """Show whether demo data is in the clinic, and what can be done."""
    job = _latest()
    context = {
        "job": job,
        "is_filled": is_filled(),
        "against": against_filling(),
        "fills": job is not None and job.kind == FILL,
    }
    return render(request, "demo_data/page.html", context)


@require_POST
@requires(Action.CREATE, Resource.IMPORTS)
def fill(request: SignedInRequest) -> HttpResponse:
    """Ask for demo data."""
    if against := against_filling():
        messages.warning(request, against)
    else:
        _ask(request, FILL)
    return redirect("demo_data:page")


@require_POST
@requires(Action.DELETE, Resource.IMPORTS)
def remove(request: SignedInRequest) -> HttpResponse:
    """Ask for the demo data to go."""
    if is_filled():
        _ask(request, REMOVE)
    return redirect("demo_data:page")


@require_safe
@requires(Action.CREATE, Resource.IMPORTS)
def progress(request: SignedInRequest) -> HttpResponse:
    """Answer how far it is; when it has ended the page comes anew."""
    job = _latest()
    if job is None or not job.is_open:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "demo_data/_progress.html", {"job": job, "fills": job.kind == FILL})


def _ask(request: SignedInRequest, kind: str) -> None:
    try:
        jobs.ask(kind, request.tenant, asked_by=request.user.email, asked_from="clinic")
    except jobs.JobError as error:
        messages.warning(request, str(error))


def _latest() -> Job | None:
    return next((job for job in jobs.of_running_clinic() if job.kind in {FILL, REMOVE}), None)
