"""The pages about results: what is to be seen, what is to be filed, a patient's, one report."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.pathology import rules, selectors, services
from clinical.pathology.forms import ReviewForm, UploadForm
from clinical.patients.pages import record_page
from clinical.patients.selectors import PatientFilter, get_patient, search_patients
from clinical.patients.services import record_view
from clinical.practice.selectors import practitioner_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from clinical.pathology.models import ResultMessage
    from clinical.practice.requests import SignedInRequest

TAB = "pathology:list"
LATELY = timedelta(days=7)


@require_safe
@requires(Action.VIEW, Resource.RESULTS)
def inbox(request: SignedInRequest) -> HttpResponse:
    """List the results that nobody has signed off: of one's own patients, or of everybody's."""
    own = practitioner_of(request.user)
    is_own = own is not None and request.GET.get("only") != "all"
    reports = selectors.unreviewed(request.user, practitioner=own if is_own else None)
    context = {
        "reports": reports,
        "has_own": own is not None,
        "is_own": is_own,
        "is_full": len(reports) >= selectors.PAGE_SIZE,
        "waiting": len(selectors.unmatched()),
        "broken": len(selectors.quarantined()),
    }
    return render(request, "pathology/inbox.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.RESULTS)
def filing(request: SignedInRequest) -> HttpResponse:
    """Take in files; list what belongs to nobody yet and what could not be read."""
    form = UploadForm(request.POST or None, request.FILES or None)
    outcomes: list[tuple[str, services.Outcome]] = []
    if request.method == "POST" and form.is_valid():
        for file in form.cleaned_data["upload"]:
            outcomes += [(file.name, outcome) for outcome in _take_in(request, file)]
        form = UploadForm()
    since = timezone.now() - LATELY
    context = {
        "form": form,
        "outcomes": outcomes,
        "unmatched": selectors.unmatched(),
        "quarantined": selectors.quarantined(),
        "filed": selectors.filed_lately(since=since),
    }
    status = 422 if form.errors else 200
    return render(request, "pathology/filing.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.RESULTS)
def assign(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Choose whose a message is, by what speaks for whom or by searching."""
    message = selectors.get_message(pk)
    chosen = _id(request.POST.get("patient", ""))
    if chosen is not None:
        patient = get_patient(request.user, chosen)
        try:
            services.assign_message(
                message,
                patient,
                actor=request.user,
                at=timezone.now(),
                evidence=_evidence(request, message, chosen),
            )
        except services.ResultError as error:
            messages.error(request, str(error))
        else:
            undo = reverse("pathology:take_back", kwargs={"pk": message.pk})
            messages.success(request, f"Filed to {patient.full_name}.", extra_tags=f"undo:{undo}")
        return redirect("pathology:filing")
    typed = request.POST.get("q", "").strip()[:200]
    found = []
    if typed:
        hits = search_patients(request.user, typed, PatientFilter(), today=timezone.localdate())
        found = [hit.patient for hit in hits]
    context = {
        "message": message,
        "person": selectors.person_of(message),
        "suggestions": selectors.suggestions_for(request.user, message),
        "typed": typed,
        "found": found,
    }
    return render(request, "pathology/assign.html", context)


@require_POST
@requires(Action.CHANGE, Resource.RESULTS)
def take_back(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take a message away from the patient it was given to."""
    message = selectors.get_message(pk)
    try:
        services.take_back_message(message, actor=request.user)
    except services.ResultError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It belongs to nobody again.")
    return redirect("pathology:filing")


@require_POST
@requires(Action.CHANGE, Resource.RESULTS)
def settle(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Set a message aside, with the way back in the message."""
    message = selectors.get_message(pk)
    again = reverse("pathology:bring_back", kwargs={"pk": message.pk})
    try:
        services.settle_message(message, actor=request.user, is_settled=True)
    except services.ResultError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is set aside.", extra_tags=f"undo:{again}")
    return redirect("pathology:filing")


@require_POST
@requires(Action.CHANGE, Resource.RESULTS)
def bring_back(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Put what was set aside back on its list."""
    message = selectors.get_message(pk)
    try:
        services.settle_message(message, actor=request.user, is_settled=False)
    except services.ResultError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is back on the list.")
    return redirect("pathology:filing")


@require_safe
@requires(Action.VIEW, Resource.RESULTS)
def result_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """List a patient's reports, newest first."""
    patient = get_patient(request.user, pk)
    record_view(patient, section="results")
    reports = selectors.reports_of(request.user, patient)
    context = {
        "reports": [r for r in reports if r.replaced_by_id is None],
        "replaced": [r for r in reports if r.replaced_by_id is not None],
    }
    return record_page(request, patient, "pathology/list.html", context, tab=TAB)


@require_safe
@requires(Action.VIEW, Resource.RESULTS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    report = selectors.get_report(request.user, pk)
    services.record_reading(report)
    values = selectors.values_of(report)
    context: dict[str, Any] = {
        "report": report,
        "measured": [shown for shown in values if shown.value.kind in _TABLE],
        "texts": [shown for shown in values if shown.value.kind not in _TABLE],
        "status": selectors.status_words(report),
        "review": getattr(report, "review", None),
        "form": ReviewForm(),
        "may_review": rules.may_review(request.user),
    }
    assert report.patient is not None  # noqa: S101 - only a patient's reports are answered
    return record_page(request, report.patient, "pathology/detail.html", context, tab=TAB)


_TABLE = {"NM", "SN", "CE", "CWE", "CNE", "ST", "TS", "DT", "DTM", "TM"}


@require_POST
@requires(Action.VIEW, Resource.RESULTS)
def review(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Sign a report off, with the way back in the message."""
    report = selectors.get_report(request.user, pk)
    try:
        note = request.POST.get("note", "")
        services.sign_off(report, actor=request.user, at=timezone.now(), note=note)
    except services.ResultError as error:
        messages.info(request, str(error))
    else:
        undo = reverse("pathology:unreview", kwargs={"pk": report.pk})
        messages.success(request, f"{report} is signed off.", extra_tags=f"undo:{undo}")
    if request.POST.get("then") == "inbox":
        return redirect("pathology:inbox")
    return redirect("pathology:detail", pk=report.pk)


@require_POST
@requires(Action.VIEW, Resource.RESULTS)
def unreview(request: SignedInRequest, pk: UUID) -> HttpResponse:
    report = selectors.get_report(request.user, pk)
    services.take_back_sign_off(report, actor=request.user)
    messages.success(request, "It is to be reviewed again.")
    return redirect("pathology:detail", pk=report.pk)


def _take_in(request: SignedInRequest, file: Any) -> list[services.Outcome]:
    if file.size > services.MOST_BYTES:
        return [
            services.Outcome("refused", f"More than {services.MOST_BYTES // 1024**2} MB. Split it.")
        ]
    return services.take_in(file.read(), file_name=file.name, actor=request.user, at=timezone.now())


def _evidence(request: SignedInRequest, message: ResultMessage, chosen: UUID) -> list[str]:
    suggestions = selectors.suggestions_for(request.user, message)
    found = next((c for c in suggestions if c.patient.pk == chosen), None)
    return [*found.evidence, *found.doubts] if found else ["chosen by hand"]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
