"""Referrals of a patient, the visits that count to them, and the list of those that run out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.appointments.selectors import get_appointment
from clinical.contacts.selectors import OFFERED, list_contacts
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.referrals import selectors, services
from clinical.referrals.forms import ReferralForm
from clinical.referrals.models import Referral
from clinical.referrals.rules import TERMS

if TYPE_CHECKING:
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest

TAB = "referrals:list"


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def referral_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    record_view(patient, section="referrals")
    standings = selectors.standings_of(request.user, patient, now=timezone.now())
    context = {
        "current": [one for one in standings if one.is_current],
        "earlier": [one for one in standings if not one.is_current],
    }
    return record_page(request, patient, "referrals/list.html", context, tab=TAB)


@require_safe
@requires(Action.VIEW, Resource.PATIENTS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a referral with the visits that count to it."""
    referral = selectors.get_referral(request.user, pk)
    record_view(referral.patient, section="referrals")
    context = {
        "referral": referral,
        "standing": selectors.standing_of(referral, now=timezone.now()),
        "visits": selectors.visits_counted(referral),
        "now": timezone.now(),
    }
    return record_page(request, referral.patient, "referrals/detail.html", context, tab=TAB)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def new(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    form = ReferralForm(request.POST or None, patient=patient)
    if request.method == "POST" and form.is_valid():
        try:
            referral = services.add_referral(patient, actor=request.user, fields=form.columns())
        except services.ReferralError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The referral is added.")
            return redirect("referrals:detail", pk=referral.pk)
    return _form_page(request, patient, form)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PATIENTS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    referral = selectors.get_referral(request.user, pk)
    form = ReferralForm(request.POST or None, instance=referral, patient=referral.patient)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_referral(
                referral, actor=request.user, seen=form.seen_at(), fields=form.columns()
            )
        except services.ReferralError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("referrals:detail", pk=referral.pk)
    return _form_page(request, referral.patient, form, referral)


@require_POST
@requires(Action.CHANGE, Resource.PATIENTS)
def close(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Close a referral, or take that back."""
    referral = selectors.get_referral(request.user, pk)
    if referral.state == Referral.State.CLOSED:
        services.reopen_referral(referral, actor=request.user)
        messages.success(request, "The referral is in use again.")
    else:
        reason = request.POST.get("reason", "")[:200]
        services.close_referral(referral, actor=request.user, reason=reason)
        messages.success(request, "The referral is closed. “Use again” takes that back.")
    return redirect("referrals:detail", pk=referral.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.APPOINTMENTS)
def count_visit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Ask to which referral of its patient a visit counts, and let it count to that one, or to none."""
    appointment = get_appointment(request.user, pk)
    if appointment.patient is None:
        raise Http404
    if request.method != "POST":
        return _choice_page(request, appointment, appointment.patient)
    chosen = _id(request.POST.get("referral", ""))
    referral = selectors.get_referral(request.user, chosen) if chosen else None
    try:
        services.count_visit_to(appointment, actor=request.user, referral=referral)
    except services.ReferralError as error:
        messages.error(request, str(error))
    else:
        words = f"counts to {referral}" if referral else "counts to no referral"
        messages.success(request, f"The visit {words} from now on.")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = reverse("appointments:detail", kwargs={"pk": appointment.pk})
    return HttpResponseRedirect(back)


@require_safe
@requires(Action.CHANGE, Resource.PATIENTS)
def running_out(request: SignedInRequest) -> HttpResponse:
    """List the referrals for which a new letter must be asked soon; made to be printed."""
    standings = selectors.running_out(request.user, now=timezone.now())
    context = {"standings": standings, "most": selectors.MOST_LISTED, "now": timezone.now()}
    return render(request, "referrals/running_out.html", context)


def _choice_page(
    request: SignedInRequest, appointment: Appointment, patient: Patient
) -> HttpResponse:
    now = timezone.now()
    standing, _is_decided = selectors.standing_of_visit(appointment, now=now)
    in_use = selectors.standings_of(request.user, patient, now=now)
    chosen = standing.referral.pk if standing else None
    context = {
        "appointment": appointment,
        "standings": [
            one for one in in_use if one.referral.state == "active" or one.referral.pk == chosen
        ],
        "chosen": chosen,
    }
    return record_page(request, patient, "referrals/choose.html", context, tab=TAB)


def _form_page(
    request: SignedInRequest,
    patient: Patient,
    form: ReferralForm,
    referral: Referral | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "referral": referral,
        "chosen": form.chosen(),
        "offered": list_contacts("", size=OFFERED).contacts,
        "terms": [(kind.label, TERMS[kind].words) for kind in Referral.Kind],
    }
    status = 422 if request.method == "POST" else 200
    return record_page(request, patient, "referrals/edit.html", context, tab=TAB, status=status)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
