"""The pages about a patient's measures: the tab, one assessment, its form, its course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, allows, requires
from clinical.measures import printing, rules, selectors, services
from clinical.measures.changes import figure
from clinical.measures.charts import chart_of
from clinical.measures.forms import EntryForm, ReasonForm, read_answers, sections_of
from clinical.measures.instruments import all_instruments
from clinical.measures.listing import LISTING
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view

if TYPE_CHECKING:
    from uuid import UUID

    from clinical.measures.models import Assessment
    from clinical.measures.scoring import Result
    from clinical.practice.requests import SignedInRequest

TAB = LISTING
_STATUS = {services.AssessmentChangedError: 409, services.AssessmentLockedError: 423}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.MEASURES)
def new(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Choose a measure and begin it."""
    patient = get_patient(request.user, pk)
    if request.method == "POST":
        try:
            assessment = services.start_assessment(
                patient,
                actor=request.user,
                code=request.POST.get("measure", ""),
                at=timezone.now(),
            )
        except services.MeasureError as error:
            messages.error(request, str(error))
            return redirect("measures:new", pk=patient.pk)
        return redirect("measures:edit", pk=assessment.pk)
    taken = {course.instrument.code for course in selectors.courses_of(request.user, patient)}
    instruments = all_instruments().values()
    context = {
        "used": [one for one in instruments if one.code in taken],
        "instruments": [one for one in instruments if one.code not in taken],
    }
    return record_page(request, patient, "measures/new.html", context, tab=TAB)


@require_safe
@requires(Action.VIEW, Resource.MEASURES)
def course(request: SignedInRequest, pk: UUID, code: str) -> HttpResponse:
    """Show one measure over time."""
    patient = get_patient(request.user, pk)
    found = selectors.course_of(request.user, patient, code)
    if found is None:
        raise Http404("There is no such measure of this patient.")
    record_view(patient, section="measures")
    context = {
        "course": found,
        "instrument": found.instrument,
        "chart": chart_of(found),
        "set_aside": selectors.set_aside(request.user, patient, code),
        "figure": figure(found.latest.score, found.instrument),
    }
    return record_page(request, patient, "measures/course.html", context, tab=TAB)


@require_safe
@requires(Action.VIEW, Resource.MEASURES)
def pdf(request: SignedInRequest, pk: UUID, code: str) -> HttpResponse:
    """Answer the course as a PDF. Its file name holds no person's name."""
    patient = get_patient(request.user, pk)
    found = selectors.course_of(request.user, patient, code)
    if found is None:
        raise Http404("There is no such measure of this patient.")
    services.record_reading(found.latest.assessment, "export")
    made = printing.course_pdf(
        found, patient, clinic=request.tenant, today=timezone.localdate(), chart=chart_of(found)
    )
    headers = {"Content-Disposition": f'inline; filename="measure-{code}.pdf"'}
    return HttpResponse(made, content_type="application/pdf", headers=headers)


@require_safe
@requires(Action.VIEW, Resource.MEASURES)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    assessment = selectors.get_assessment(request.user, pk)
    if rules.may_write(request.user, assessment):
        return redirect("measures:edit", pk=assessment.pk)
    return _detail(request, assessment)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.MEASURES)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:  # noqa: PLR0911 - two kinds of readers
    """Show the form; save what it sends, by itself or by the person."""
    assessment = selectors.get_assessment(request.user, pk)
    if request.method != "POST":
        if not rules.may_write(request.user, assessment):
            return redirect("measures:detail", pk=assessment.pk)
        return _editor(request, assessment)
    form, answers, errors = _posted(request, assessment)
    wants_json = not request.accepts("text/html")
    try:
        result = services.save_draft(
            assessment,
            actor=request.user,
            at=timezone.now(),
            revision=form.cleaned_data.get("revision", -1),
            entry=form.entry(answers),
        )
    except services.MeasureError as error:
        if wants_json:
            return JsonResponse({"detail": str(error)}, status=_STATUS.get(type(error), 422))
        return _editor(request, assessment, form=form, errors=errors, error=error)
    if wants_json:
        return JsonResponse(_live(assessment, result, errors))
    if errors:
        return _editor(request, assessment, form=form, errors=errors)
    messages.success(request, "The draft is saved.")
    return redirect(TAB, pk=assessment.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.MEASURES)
def complete(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Save what is in the form, score it and lock it."""
    assessment = selectors.get_assessment(request.user, pk)
    form, answers, errors = _posted(request, assessment)
    if errors:
        return _editor(request, assessment, form=form, errors=errors)
    try:
        services.complete_assessment(
            assessment,
            actor=request.user,
            at=timezone.now(),
            revision=form.cleaned_data.get("revision", -1),
            entry=form.entry(answers),
            reason=form.cleaned_data.get("reason", ""),
        )
    except services.AssessmentLockedError as error:
        messages.info(request, str(error))
    except services.MeasureError as error:
        return _editor(request, assessment, form=form, errors=errors, error=error)
    else:
        messages.success(request, "The measure is complete.")
    return redirect("measures:detail", pk=assessment.pk)


@require_POST
@requires(Action.CHANGE, Resource.MEASURES)
def correct(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Begin a correction with the same answers."""
    assessment = selectors.get_assessment(request.user, pk)
    if not rules.may_correct(request.user, assessment):
        messages.error(request, "Only a complete measure can be corrected.")
        return redirect("measures:detail", pk=assessment.pk)
    begun = services.correct_assessment(assessment, actor=request.user)
    return redirect("measures:edit", pk=begun.pk)


@require_POST
@requires(Action.CHANGE, Resource.MEASURES)
def withdraw(request: SignedInRequest, pk: UUID) -> HttpResponse:
    assessment = selectors.get_assessment(request.user, pk)
    if not rules.may_correct(request.user, assessment):
        messages.error(request, "Only a complete measure can be withdrawn.")
        return redirect("measures:detail", pk=assessment.pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _detail(request, assessment, withdraw_error=True)
    services.withdraw_assessment(
        assessment, actor=request.user, at=timezone.now(), reason=form.cleaned_data["reason"]
    )
    messages.success(request, "The measure is withdrawn. It can still be read below its course.")
    return redirect(TAB, pk=assessment.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.MEASURES)
def discard(request: SignedInRequest, pk: UUID) -> HttpResponse:
    assessment = selectors.get_assessment(request.user, pk)
    if not rules.may_write(request.user, assessment):
        messages.error(request, "Only a draft of the staff can be discarded.")
        return redirect("measures:detail", pk=assessment.pk)
    services.discard_draft(assessment, actor=request.user)
    messages.success(request, "The draft is discarded.")
    return redirect(TAB, pk=assessment.patient_id)


@require_POST
@requires(Action.CHANGE, Resource.MEASURES)
def seen(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Say that the answer that needed it was looked at."""
    assessment = selectors.get_assessment(request.user, pk)
    services.acknowledge_alert(assessment, actor=request.user, at=timezone.now())
    return redirect("measures:detail", pk=assessment.pk)


def _posted(
    request: SignedInRequest, assessment: Assessment
) -> tuple[EntryForm, dict[str, Any], dict[str, str]]:
    form = EntryForm(request.POST)
    answers, errors = read_answers(services.instrument_of(assessment), request.POST)
    if not form.is_valid():
        errors |= {name: str(found[0]) for name, found in form.errors.items() if name != "revision"}
    return form, answers, errors


def _live(assessment: Assessment, result: Result, errors: dict[str, str]) -> dict[str, Any]:
    """Answer what the page shows while it is filled in."""
    instrument = services.instrument_of(assessment)
    saved = timezone.localtime(assessment.changed_at)
    return {
        "revision": assessment.revision,
        "saved": f"{saved:%H:%M}",
        "score": "" if result.score is None else figure(result.score, instrument),
        "band": result.band.label if result.band else "",
        "tone": result.band.tone if result.band else "neutral",
        "answered": result.answered,
        "wanted": result.wanted,
        "filled": result.filled,
        "subscores": [[label, str(value)] for label, value in result.subscores.items()],
        "alerts": [item.alert for item in result.alerts],
        "errors": errors,
    }


def _editor(
    request: SignedInRequest,
    assessment: Assessment,
    *,
    form: EntryForm | None = None,
    errors: dict[str, str] | None = None,
    error: services.MeasureError | None = None,
) -> HttpResponse:
    """Show the form with what was typed, and what is wrong with it."""
    instrument = services.instrument_of(assessment)
    answers = assessment.answers
    if form is not None:
        answers, _ = read_answers(instrument, request.POST)
    context = {
        "assessment": assessment,
        "instrument": instrument,
        "sections": sections_of(instrument, answers, errors=errors, posted=request.POST),
        "taken_on": form.data.get("taken_on") if form else assessment.taken_on.isoformat(),
        "note": form.data.get("note", "") if form else assessment.note,
        "reason": form.data.get("reason", "") if form else "",
        "today": timezone.localdate().isoformat(),
        "live": _live(assessment, services.result_of(assessment), {}),
        "error": error,
        "errors": errors or {},
    }
    is_stale = isinstance(error, services.AssessmentChangedError)
    status = 409 if is_stale else 422 if error or errors else 200
    page = "measures/edit.html"
    return record_page(request, assessment.patient, page, context, tab=TAB, status=status)


def _detail(
    request: SignedInRequest, assessment: Assessment, *, withdraw_error: bool = False
) -> HttpResponse:
    services.record_reading(assessment)
    instrument = services.instrument_of(assessment)
    result = services.result_of(assessment)
    score = assessment.score
    context = {
        "assessment": assessment,
        "instrument": instrument,
        "sections": sections_of(instrument, assessment.answers),
        "band": instrument.band_labelled(assessment.band),
        "figure": "" if score is None else figure(score, instrument),
        "maximum": instrument.maximum if instrument.unit == "points" else None,
        "result": result,
        "subscores": assessment.subscores.items(),
        "change": selectors.change_of(assessment) if assessment.state == "complete" else None,
        "may_correct": rules.may_correct(request.user, assessment),
        "may_look": allows(request.user, Action.CHANGE, Resource.MEASURES),
        "corrections": assessment.corrections.exclude(state="draft"),
        "withdraw_error": withdraw_error,
    }
    status = 422 if withdraw_error else 200
    page = "measures/detail.html"
    return record_page(request, assessment.patient, page, context, tab=TAB, status=status)
