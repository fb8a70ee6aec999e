"""The reports' page, what people keep of it, and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.documents.finishing import blocks_of
from clinical.reports import composing, files, selectors, services, writing
from clinical.reports.forms import FormatForm, NameForm, PeriodForm
from clinical.reports.links import is_good, sign_link
from clinical.reports.models import ReportFile, SavedReport
from tenants.storage import clinic_storage

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from clinical.practice.requests import SignedInRequest
    from clinical.reports.period import Period

PDF = "application/pdf"
FILES_SHOWN = 30


@require_safe
@requires(Action.VIEW, Resource.REPORTS)
def period(request: SignedInRequest) -> HttpResponseBase:
    """Show what a period came to."""
    now = timezone.now()
    form = PeriodForm(request.GET, today=timezone.localdate(now))
    asked = form.period()
    mine = list(SavedReport.objects.filter(user=request.user))
    page_url = reverse("reports:period")
    kept = form.kept() if asked else {}
    context = {
        "form": form,
        "period": asked,
        "sections": _sections(request, asked) if asked else [],
        "is_large": asked is not None and selectors.is_large(asked),
        "kept": kept,
        "saved": [{"saved": one, "url": f"{page_url}?{urlencode(one.asked)}"} for one in mine],
        "current": next((one for one in mine if one.asked == kept), None),
        "query": urlencode({name: value for name, value in request.GET.items() if value}),
        "page_url": page_url,
    }
    return render(request, "reports/period.html", context, status=200 if asked else 422)


@require_safe
@requires(Action.EXPORT, Resource.REPORTS)
def workbook(request: SignedInRequest) -> HttpResponseBase:
    """Answer a small report as a workbook at once."""
    asked = PeriodForm(request.GET, today=timezone.localdate()).period()
    if asked is None:
        return period(request)
    if selectors.is_large(asked):
        return _too_large(request)
    services.record_export(asked)
    made = files.workbook(asked, _sections(request, asked))
    return _file(made, writing.XLSX, f"report-{asked.first}.xlsx")


@require_safe
@requires(Action.EXPORT, Resource.REPORTS)
def pdf(request: SignedInRequest) -> HttpResponseBase:
    """Answer a small report for printing at once."""
    asked = PeriodForm(request.GET, today=timezone.localdate()).period()
    if asked is None:
        return period(request)
    if selectors.is_large(asked):
        return _too_large(request)
    services.record_export(asked)
    made = files.pdf(request.tenant.name, asked, _sections(request, asked))
    return _file(made, PDF, f"report-{asked.first}.pdf")


@require_POST
@requires(Action.VIEW, Resource.REPORTS)
def save(request: SignedInRequest) -> HttpResponse:
    """Keep what the page shows under a name."""
    form = PeriodForm(request.POST, today=timezone.localdate())
    named = NameForm(request.POST)
    if form.period() is None or not named.is_valid():
        messages.error(request, "Give it a name, and a period that makes sense.")
        return redirect("reports:period")
    kept = form.kept()
    try:
        services.save_report(
            actor=request.user, name=named.cleaned_data["name"], asked=kept, at=timezone.now()
        )
    except services.ReportError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Saved.")
    return redirect(f"{reverse('reports:period')}?{urlencode(kept)}")


@require_POST
@requires(Action.VIEW, Resource.REPORTS)
def delete_saved(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Forget a saved report; somebody else's is not found."""
    saved = get_object_or_404(SavedReport, pk=pk, user=request.user)
    services.delete_saved(saved, actor=request.user)
    messages.success(request, f"“{saved.name}” is deleted.")
    return redirect("reports:period")


@require_POST
@requires(Action.EXPORT, Resource.REPORTS)
def make_file(request: SignedInRequest) -> HttpResponse:
    """Have a worker write the report."""
    form = PeriodForm(request.POST, today=timezone.localdate())
    asked, wanted = form.period(), FormatForm(request.POST)
    if asked is None or not wanted.is_valid():
        messages.error(request, "Choose a period that makes sense, and Excel or PDF.")
        return redirect("reports:period")
    try:
        services.ask_for_file(
            actor=request.user,
            period=asked,
            form=wanted.cleaned_data["format"],
            at=timezone.now(),
        )
    except services.ReportError as error:
        messages.error(request, str(error))
    return redirect("reports:files")


@require_safe
@requires(Action.EXPORT, Resource.REPORTS)
def report_files(request: SignedInRequest) -> HttpResponse:
    """List the person's own files, with how far those are that are being written."""
    found = list(ReportFile.objects.filter(user=request.user)[:FILES_SHOWN])
    rows = [{"file": one, "url": _download_url(request, one)} for one in found]
    return render(request, "reports/files.html", {"rows": rows})


@require_safe
@requires(Action.EXPORT, Resource.REPORTS)
def progress(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer how far one of the person's files is."""
    file = get_object_or_404(ReportFile, pk=pk, user=request.user)
    row = {"file": file, "url": _download_url(request, file)}
    return render(request, "reports/_file.html", {"row": row})


@require_safe
@requires(Action.EXPORT, Resource.REPORTS)
def download(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    """Answer the bytes of one of the person's own files."""
    file = get_object_or_404(ReportFile, pk=pk, user=request.user, state=ReportFile.State.READY)
    if not is_good(token, file, actor=request.user):
        messages.info(request, "That link was good for some minutes only. Here is a new one.")
        return redirect("reports:files")
    try:
        stream = clinic_storage().stream(file.storage_key)
    except FileNotFoundError:
        raise Http404 from None
    media_type = writing.MEDIA_TYPES[ReportFile.Format(file.format)]
    answer = StreamingHttpResponse(blocks_of(stream), content_type=media_type)
    answer.headers["Content-Length"] = str(file.size)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file.file_name}"'
    return answer


def _sections(request: SignedInRequest, asked: Period) -> list[selectors.Section]:
    now = timezone.now()
    return composing.report(request.user, asked, today=timezone.localdate(now), now=now)


def _download_url(request: SignedInRequest, file: ReportFile) -> str:
    if file.state != ReportFile.State.READY:
        return ""
    token = sign_link(file, actor=request.user)
    return reverse("reports:download", kwargs={"pk": file.pk, "token": token})


def _too_large(request: SignedInRequest) -> HttpResponse:
    messages.info(request, "This report is large: have it written as a file.")
    return redirect(f"{reverse('reports:period')}?{request.GET.urlencode()}")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
