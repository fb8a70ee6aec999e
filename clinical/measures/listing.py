"""The tab of a patient's record: measures for clinicians, links for everybody who may send them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from clinical.measures import links, repeats, selectors
from clinical.measures.changes import figure
from clinical.measures.charts import sparkline_of
from clinical.measures.forms import WEEKS, LinkForm, RepeatForm
from clinical.measures.instruments import get_instrument
from clinical.measures.services import MeasureError
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.measures.models import PatientLink
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

LISTING = "measures:list"


@require_safe
@requires(Action.RUN, Resource.MEASURES)
def measure_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show where the patient stands on each measure, and which links are out."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="measures")
    return _page(request, patient)


@require_POST
@requires(Action.RUN, Resource.MEASURES)
def send(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Make a link: to be copied, shown this once, or mailed to the patient."""
    patient = get_patient(request.user, pk)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _page(request, patient, problem="Choose what the patient is to answer.")
    is_mail = form.cleaned_data["way"] == "email"
    try:
        link, token = links.create_link(
            patient,
            actor=request.user,
            code=form.cleaned_data["measure"],
            at=timezone.now(),
            email=form.cleaned_data["email"] if is_mail else None,
        )
    except MeasureError as error:
        return _page(request, patient, problem=str(error))
    if is_mail:
        messages.success(request, f"The link is on its way to {link.email}.")
        return redirect(LISTING, pk=patient.pk)
    path = reverse("measures:answer", args=[token])
    return _page(request, patient, made=link, address=request.tenant.url + path)


@require_POST
@requires(Action.RUN, Resource.MEASURES)
def cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    link = selectors.get_link(request.user, pk)
    links.cancel_link(link, actor=request.user, at=timezone.now())
    if link.finished_at:
        messages.info(request, "This one was answered already.")
    else:
        messages.success(request, "The link leads to nothing now.")
    return redirect(LISTING, pk=link.patient_id)


@require_POST
@requires(Action.RUN, Resource.MEASURES)
def repeat(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Ask a questionnaire again and again."""
    patient = get_patient(request.user, pk)
    form = RepeatForm(request.POST)
    if not form.is_valid():
        problem = "Choose what to ask, how often, and the last day."
        return _page(request, patient, problem=problem)
    now = timezone.now()
    try:
        started = repeats.start_repeat(patient, actor=request.user, at=now, **form.terms())
    except MeasureError as error:
        return _page(request, patient, problem=str(error))
    words = repeats.words_of(started)
    messages.success(request, f"Asked by e-mail: {words[0].lower()}{words[1:]}.")
    return redirect(LISTING, pk=patient.pk)


@require_POST
@requires(Action.RUN, Resource.MEASURES)
def stop(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Ask it no more."""
    found = selectors.get_repeat(request.user, pk)
    repeats.stop_repeat(found, actor=request.user, at=timezone.now())
    messages.success(request, "It is asked no more.")
    return redirect(LISTING, pk=found.patient_id)


def _page(
    request: SignedInRequest,
    patient: Patient,
    *,
    problem: str = "",
    made: PatientLink | None = None,
    address: str = "",
) -> HttpResponse:
    may_view = allows(request.user, Action.VIEW, Resource.MEASURES)
    courses = selectors.courses_of(request.user, patient) if may_view else []
    now = timezone.now()
    context = {
        "may_view": may_view,
        "cards": [_card(course) for course in courses],
        "drafts": [
            {"row": row, "name": get_instrument(row.code).name}
            for row in (selectors.open_drafts(request.user, patient) if may_view else [])
        ],
        "links": [_link_row(link, now) for link in selectors.links_of(request.user, patient)],
        "offered": selectors.instruments_for_patients(),
        "email": links.address_of(patient),
        "repeats": repeats.rows_of(selectors.repeats_of(request.user, patient)),
        "weeks": WEEKS,
        "until": timezone.localdate() + timedelta(weeks=12),
        "tomorrow": timezone.localdate() + timedelta(days=1),
        "no_mail": repeats.why_not(patient, timezone.localdate()),
        "problem": problem,
        "made": made,
        "made_name": get_instrument(made.code).name if made else "",
        "address": address,
    }
    status = 422 if problem else 200
    return record_page(request, patient, "measures/list.html", context, tab=LISTING, status=status)


def _card(course: selectors.Course) -> dict[str, Any]:
    latest = course.latest
    return {
        "course": course,
        "figure": figure(latest.score, course.instrument),
        "chart": sparkline_of(course) if len(course.taken) > 1 else None,
    }


def _link_row(link: PatientLink, now: Any) -> dict[str, Any]:
    if link.finished_at:
        state = ("Answered", "success", "check")
    elif link.cancelled_at:
        state = ("Cancelled", "neutral", "x")
    elif link.expires_at <= now:
        state = ("Expired", "neutral", "clock-off")
    elif link.opened_at:
        state = ("Begun", "info", "pencil")
    elif link.mail_problem:
        state = ("Look at the e-mail", "danger", "alert-triangle")
    else:
        state = ("Waiting", "warning", "clock")
    return {
        "link": link,
        "name": get_instrument(link.code, link.instrument_version).name,
        "state": state,
        "problem": link.mail_problem if link.opened_at is None else "",
        "is_open": not link.finished_at and not link.cancelled_at and link.expires_at > now,
    }
