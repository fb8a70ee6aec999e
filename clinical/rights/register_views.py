"""Settings → Privacy: requests and their days, what may be destroyed, the register, research."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.patients.rules import visible_patients
from clinical.rights import selectors, services
from clinical.rights.forms import ExtractForm, JurisdictionForm, ReasonForm
from clinical.rights.links import BadLinkError, check_link, sign_link
from clinical.rights.models import Destruction, Erasure, ResearchExtract, RightsSettings
from clinical.rights.policy import policy_of
from clinical.rights.record_views import zip_response
from clinical.rights.retention import due_for_destruction

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from clinical.practice.requests import SignedInRequest

LISTED = 200


@require_safe
@requires(Action.VIEW, Resource.PRIVACY)
def overview(request: SignedInRequest) -> HttpResponse:
    """Show what is to be done about privacy."""
    policy = policy_of(request.tenant)
    today = timezone.localdate()
    kept = RightsSettings.objects.first()
    context = {
        "policy": policy,
        "found": selectors.overview_of(policy, today=today),
        "today": today,
        "form": JurisdictionForm(
            initial={"jurisdiction": policy.code, "contact": kept.contact if kept else ""}
        ),
    }
    return render(request, "rights/overview.html", context)


@require_POST
@requires(Action.CHANGE, Resource.PRIVACY)
def jurisdiction(request: SignedInRequest) -> HttpResponse:
    form = JurisdictionForm(request.POST)
    if form.is_valid():
        services.choose_jurisdiction(
            form.cleaned_data["jurisdiction"],
            actor=request.user,
            contact=form.cleaned_data["contact"],
        )
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Choose a jurisdiction of the list.")
    return redirect("rights:overview")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DELETE, Resource.PRIVACY)
def retention(request: SignedInRequest) -> HttpResponse:
    """List what nothing keeps any longer; a POST asks that the chosen be destroyed."""
    policy = policy_of(request.tenant)
    form = ReasonForm(request.POST or None)
    problem = ""
    if request.method == "POST" and form.is_valid():
        ids = services.read_ids(request.POST.getlist("patient"))
        chosen = list(visible_patients(request.user).filter(pk__in=ids))
        try:
            order = services.ask_for_erasure(
                chosen, actor=request.user, at=timezone.now(), policy=policy, basis="retention",
                reason=form.cleaned_data["reason"],
            )  # fmt: skip
        except services.RightsError as error:
            problem = str(error)
        else:
            messages.success(request, "Asked for. A second person has to approve it.")
            return redirect("rights:order", pk=order.pk)
    context = {
        "policy": policy,
        "due": due_for_destruction(policy.retention, today=timezone.localdate(), limit=LISTED),
        "form": form,
        "problem": problem,
    }
    return render(request, "rights/retention.html", context, status=422 if problem else 200)


@require_safe
@requires(Action.VIEW, Resource.PRIVACY)
def order(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show one erasure: who asks, for whom, how far it is."""
    found: Erasure = selectors.get_of_clinic(request.user, Erasure, pk)
    context = {
        "order": found,
        "patients": list(visible_patients(request.user).filter(pk__in=found.people)),
        "lines": list(found.destructions.all()[:LISTED]),
        "job": selectors.job_of("rights_erase", erasure=str(found.pk)),
        "is_mine": found.asked_by_id == str(request.user.pk),
    }
    return render(request, "rights/order.html", context)


@require_POST
@requires(Action.DELETE, Resource.PRIVACY)
def approve(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found: Erasure = selectors.get_of_clinic(request.user, Erasure, pk)
    try:
        services.approve_erasure(
            found, actor=request.user, at=timezone.now(), tenant=request.tenant
        )
    except services.RightsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Approved. The records are being erased.")
    return redirect("rights:order", pk=pk)


@require_POST
@requires(Action.DELETE, Resource.PRIVACY)
def again(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found: Erasure = selectors.get_of_clinic(request.user, Erasure, pk)
    try:
        services.take_up_again(found, actor=request.user, tenant=request.tenant)
    except services.RightsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It goes on.")
    return redirect("rights:order", pk=pk)


@require_POST
@requires(Action.DELETE, Resource.PRIVACY)
def decline(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found: Erasure = selectors.get_of_clinic(request.user, Erasure, pk)
    try:
        services.decline_erasure(found, actor=request.user, at=timezone.now())
    except services.RightsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Nothing will be erased.")
    return redirect("rights:order", pk=pk)


@require_safe
@requires(Action.VIEW, Resource.PRIVACY)
def destroyed(request: SignedInRequest) -> HttpResponse:
    """Show the destruction register."""
    context = {"lines": list(Destruction.objects.all()[:1000]), "policy": policy_of(request.tenant)}
    return render(request, "rights/destroyed.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.EXPORT, Resource.PRIVACY)
def research(request: SignedInRequest) -> HttpResponse:
    """List the extracts; a POST asks for another."""
    policy = policy_of(request.tenant)
    form = ExtractForm(request.POST or None, initial={"k": policy.said["research"]["k"]})
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_for_extract(
                actor=request.user, tenant=request.tenant, purpose=form.cleaned_data["purpose"],
                fields=form.cleaned_data["fields_wanted"], k=form.cleaned_data["k"], policy=policy,
            )  # fmt: skip
        except services.RightsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "It is being made.")
            return redirect("rights:research")
    status = 422 if form.is_bound and not form.is_valid() else 200
    context = {"policy": policy, "form": form, "extracts": selectors.extracts()}
    return render(request, "rights/research.html", context, status=status)


@require_POST
@requires(Action.EXPORT, Resource.PRIVACY)
def extract_link(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found = _ready(request, pk)
    return redirect("rights:extract_file", pk=pk, token=sign_link(found.pk, actor=request.user))


@require_safe
@requires(Action.EXPORT, Resource.PRIVACY)
def extract_file(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    found = _ready(request, pk)
    try:
        check_link(token, found.pk, actor=request.user)
    except BadLinkError as error:
        messages.warning(request, str(error))
        return redirect("rights:research")
    return zip_response(found.storage_key, found.size or 0, "research-extract.zip")


def _ready(request: SignedInRequest, pk: UUID) -> ResearchExtract:
    found: ResearchExtract = selectors.get_of_clinic(request.user, ResearchExtract, pk)
    if found.state != ResearchExtract.State.READY:
        raise Http404("There is no file.")
    return found
