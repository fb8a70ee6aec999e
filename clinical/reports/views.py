"""The reports' page and its files."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from clinical.reports import files, selectors
from clinical.reports.forms import PeriodForm

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from clinical.practice.requests import SignedInRequest
    from clinical.reports.period import Period

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@requires(Action.VIEW, Resource.REPORTS)
def period(request: SignedInRequest) -> HttpResponseBase:
    """Show what a period came to."""
    today = timezone.localdate()
    form = PeriodForm(request.GET, today=today)
    asked = form.period()
    context = {
        "form": form,
        "period": asked,
        "sections": selectors.report(asked, today=today) if asked else [],
        "query": urlencode({name: value for name, value in request.GET.items() if value}),
        "page_url": reverse("reports:period"),
    }
    return render(request, "reports/period.html", context, status=200 if asked else 422)


@require_safe
@requires(Action.EXPORT, Resource.REPORTS)
def workbook(request: SignedInRequest) -> HttpResponseBase:
    asked, sections = _asked(request)
    if asked is None:
        return period(request)
    return _file(files.workbook(asked, sections), XLSX, f"report-{asked.first}.xlsx")


@require_safe
@requires(Action.EXPORT, Resource.REPORTS)
def pdf(request: SignedInRequest) -> HttpResponseBase:
    asked, sections = _asked(request)
    if asked is None:
        return period(request)
    made = files.pdf(request.tenant.name, asked, sections)
    return _file(made, "application/pdf", f"report-{asked.first}.pdf")


def _asked(request: SignedInRequest) -> tuple[Period | None, list[selectors.Section]]:
    today = timezone.localdate()
    asked = PeriodForm(request.GET, today=today).period()
    if asked is None:
        return None, []
    record("report.export", object_type="report", payload={"period": asked.words})
    return asked, selectors.report(asked, today=today)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
