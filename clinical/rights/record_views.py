"""The privacy page of one record: requests, restrictions, holds, copies, and what an erasure would need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from clinical.rights import selectors, services
from clinical.rights.checks import verdict_on
from clinical.rights.forms import (
    DecisionForm,
    FactForm,
    HoldForm,
    ReasonForm,
    RequestForm,
    RestrictionForm,
)
from clinical.rights.links import BadLinkError, check_link, sign_link
from clinical.rights.models import LegalHold, PersonExport, Restriction, RightsRequest
from clinical.rights.policy import policy_of
from tenants.storage import BLOCK, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from django.forms import Form
    from django.http.response import HttpResponseBase

    from clinical.patients.models import Patient
    from clinical.practice.requests import SignedInRequest
    from tenants.storage import Stream

TAB = "rights:record"


@require_safe
@requires(Action.VIEW, Resource.PRIVACY)
def record(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show what the person has asked and what is kept how long."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="privacy")
    return _page(request, patient)


@require_POST
@requires(Action.CREATE, Resource.PRIVACY)
def receive(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Write a request down."""
    patient = get_patient(request.user, pk)
    form = RequestForm(request.POST)

    def save(data: dict[str, Any]) -> None:
        services.receive_request(
            patient, data.pop("kind"), actor=request.user, today=timezone.localdate(),
            policy=policy_of(request.tenant), **data,
        )  # fmt: skip

    return _saved(
        request, patient, form, save, "The request is in the register.", request_form=form
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.PRIVACY)
def decide(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer one request."""
    asked: RightsRequest = selectors.get_of_patient(request.user, RightsRequest, pk)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        try:
            services.decide_request(
                asked, data.pop("state"), actor=request.user, on=timezone.localdate(), **data
            )
        except services.RightsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The answer is in the register.")
            return redirect(TAB, pk=asked.patient_id)
    context = {"asked": asked, "form": form, "policy": policy_of(request.tenant)}
    return record_page(
        request, asked.patient, "rights/decide.html", context, tab=TAB, status=_status(form)
    )


@require_POST
@requires(Action.CHANGE, Resource.PRIVACY)
def restrict(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Stop uses of the person's information."""
    patient = get_patient(request.user, pk)
    policy = policy_of(request.tenant)
    form = RestrictionForm(request.POST, policy=policy)

    def save(data: dict[str, Any]) -> None:
        services.restrict_uses(
            patient, data["uses"], actor=request.user, at=timezone.now(), policy=policy,
            reason=data["reason"],
        )  # fmt: skip

    return _saved(request, patient, form, save, "Stopped from now on.", restriction_form=form)


@require_POST
@requires(Action.CHANGE, Resource.PRIVACY)
def end_restriction(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found: Restriction = selectors.get_of_patient(request.user, Restriction, pk)
    services.end_restriction(found, actor=request.user, at=timezone.now())
    messages.success(request, "The restriction has ended.")
    return redirect(TAB, pk=found.patient_id)


@require_POST
@requires(Action.CREATE, Resource.PRIVACY)
def hold(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Place a legal hold."""
    patient = get_patient(request.user, pk)
    form = HoldForm(request.POST)

    def save(data: dict[str, Any]) -> None:
        services.place_hold(patient, actor=request.user, at=timezone.now(), **data)

    return _saved(request, patient, form, save, "The record is held.", hold_form=form)


@require_POST
@requires(Action.CHANGE, Resource.PRIVACY)
def lift_hold(request: SignedInRequest, pk: UUID) -> HttpResponse:
    found: LegalHold = selectors.get_of_patient(request.user, LegalHold, pk)
    try:
        services.lift_hold(
            found,
            actor=request.user,
            at=timezone.now(),
            reason=request.POST.get("reason", "")[:500],
        )
    except services.RightsError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The hold is lifted.")
    return redirect(TAB, pk=found.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.PRIVACY)
def facts(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Note a death, or that the record is kept for life."""
    patient = get_patient(request.user, pk)
    form = FactForm(request.POST)

    def save(data: dict[str, Any]) -> None:
        services.note_retention_fact(patient, actor=request.user, **data)

    return _saved(request, patient, form, save, "Noted.", fact_form=form)


@require_POST
@requires(Action.DELETE, Resource.PRIVACY)
def ask_erasure(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Ask that the record be erased; somebody else approves it."""
    patient = get_patient(request.user, pk)
    form = ReasonForm(request.POST)

    def save(data: dict[str, Any]) -> None:
        services.ask_for_erasure(
            [patient], actor=request.user, at=timezone.now(), policy=policy_of(request.tenant),
            basis="request", reason=data["reason"],
        )  # fmt: skip

    return _saved(
        request, patient, form, save,
        "Asked for. A second person approves it under Settings, Privacy.", erase_form=form,
    )  # fmt: skip


# ── copies ───────────────────────────────────────────────────────────────────────────────────────


@require_POST
@requires(Action.EXPORT, Resource.PRIVACY)
def copy(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Have a copy made."""
    patient = get_patient(request.user, pk)
    try:
        services.ask_for_copy(
            patient, actor=request.user, tenant=request.tenant,
            with_files=bool(request.POST.get("with_files")),
        )  # fmt: skip
    except services.RightsError as error:
        messages.error(request, str(error))
    return redirect(TAB, pk=patient.pk)


@require_safe
@requires(Action.EXPORT, Resource.PRIVACY)
def progress(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer how far a copy is; when it has ended the page comes anew."""
    export: PersonExport = selectors.get_of_patient(request.user, PersonExport, pk)
    if export.state != PersonExport.State.WAITING:
        return HttpResponse(headers={"HX-Refresh": "true"})
    job = selectors.job_of("rights_copy", export=str(export.pk))
    return render(request, "rights/_progress.html", {"export": export, "job": job})


@require_POST
@requires(Action.EXPORT, Resource.PRIVACY)
def link(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Make an address that is good for two minutes, and go there."""
    export = _ready(request, pk)
    return redirect("rights:download", pk=pk, token=sign_link(export.pk, actor=request.user))


@require_safe
@requires(Action.EXPORT, Resource.PRIVACY)
def download(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    """Answer the archive to whom its address was made for."""
    export = _ready(request, pk)
    try:
        check_link(token, export.pk, actor=request.user)
    except BadLinkError as error:
        messages.warning(request, str(error))
        return redirect(TAB, pk=export.patient_id)
    services.note_download(export)
    return zip_response(export.storage_key, export.size or 0, f"record-{export.patient.number}.zip")


def zip_response(key: str, size: int, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        _blocks(clinic_storage().stream(key)), content_type="application/zip"
    )
    response.headers["Content-Length"] = str(size)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _blocks(stream: Stream) -> Iterator[bytes]:
    try:
        while block := stream.read(BLOCK):
            yield block
    finally:
        stream.close()


def _ready(request: SignedInRequest, pk: UUID) -> PersonExport:
    export: PersonExport = selectors.get_of_patient(request.user, PersonExport, pk)
    if export.state != PersonExport.State.READY:
        raise Http404("There is no file.")
    return export


def _saved(
    request: SignedInRequest,
    patient: Patient,
    form: Form,
    save: Callable[[dict[str, Any]], None],
    words: str,
    **shown: Form,
) -> HttpResponse:
    if form.is_valid():
        try:
            save(dict(form.cleaned_data))
        except services.RightsError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, words)
            return redirect(TAB, pk=patient.pk)
    return _page(request, patient, status=422, **shown)


def _page(
    request: SignedInRequest, patient: Patient, *, status: int = 200, **shown: Form
) -> HttpResponse:
    policy = policy_of(request.tenant)
    said = selectors.of_record(patient)
    fact = said.fact
    context = {
        "said": said,
        "policy": policy,
        "uses": {use.key: use.label for use in policy.uses},
        "verdict": verdict_on(patient, policy, now=timezone.now()),
        "today": timezone.localdate(),
        "request_form": RequestForm(),
        "restriction_form": RestrictionForm(policy=policy),
        "hold_form": HoldForm(),
        "fact_form": FactForm(
            initial={"died_on": fact.died_on, "is_for_life": fact.is_for_life} if fact else None
        ),
        "erase_form": ReasonForm(),
        **shown,
    }
    return record_page(request, patient, "rights/record.html", context, tab=TAB, status=status)


def _status(form: Form) -> int:
    return 422 if form.is_bound and not form.is_valid() else 200
