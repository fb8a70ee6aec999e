"""What became of each record and column: as pages, as sheets and a PDF to take along, and once more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.imports import reports, selectors, tasks, verification
from onboarding.imports.models import ImportSource, Verification
from onboarding.imports.verification import VerificationError
from onboarding.imports.views import found_run, run_page
from tenants.scope import current_scope
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from django.http import HttpRequest

    from onboarding.imports.models import ImportRun

TYPST = Path(__file__).parent / "typst" / "report.typ"


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def records(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List the records of one outcome, with the reason of each."""
    run = found_run(pk)
    outcome = request.GET.get("outcome", "quarantined")
    if outcome not in {"quarantined", "skipped", "issues", "updated"}:
        raise Http404("There is no such list.")
    try:
        after = UUID(request.GET["after"]) if "after" in request.GET else None
    except ValueError as error:
        raise Http404("There is no such page.") from error
    rows = selectors.listed_rows(run, dry=run.loaded_at is None, outcome=outcome, after=after)
    is_full = len(rows) == selectors.PAGE
    next_url = f"?outcome={outcome}&after={rows[-1].result.pk}" if is_full else ""
    tabs = [
        {"label": label, "url": f"?outcome={name}", "active": name == outcome}
        for name, label in (
            ("quarantined", "Set aside"),
            ("skipped", "Skipped"),
            ("issues", "With remarks"),
            ("updated", "Updated"),
        )
    ]
    return run_page(
        request,
        run,
        "records",
        rows=rows,
        tabs=tabs,
        next_url=next_url,
        is_dry=run.loaded_at is None,
        outcome=outcome,
    )


def _reported(run: ImportRun) -> dict[str, Any]:
    report = run.report or run.dry_report
    if not report:
        raise Http404("This import has no report yet.")
    return dict(report)


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def columns(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show every column: what stood in it, what is kept, what it sums up to."""
    run = found_run(pk)
    report = _reported(run)
    return run_page(
        request,
        run,
        "columns",
        tables=reports.tables_with_columns(report),
        is_dry=report["dry_run"],
    )


@require_safe
@requires(Action.EXPORT, Resource.IMPORTS)
def report_csv(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 - a view's signature
    run = found_run(pk)
    report = _reported(run)
    _note_export(run, "report")
    return _csv(HttpResponse(reports.reconciliation_csv(report)), "import-report.csv")


@require_safe
@requires(Action.EXPORT, Resource.IMPORTS)
def columns_csv(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 - a view's signature
    run = found_run(pk)
    report = _reported(run)
    _note_export(run, "columns")
    return _csv(HttpResponse(reports.columns_csv(report)), "import-columns.csv")


@require_safe
@requires(Action.EXPORT, Resource.IMPORTS)
def report_pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer the whole report as a PDF: the phases, every table and column, checks, what was kept."""
    run = found_run(pk)
    report = _reported(run)
    _note_export(run, "pdf")
    shown = reports.for_pdf(run, report, clinic=request.tenant.name, at=timezone.localtime())  # type: ignore[attr-defined]
    response = HttpResponse(render_pdf(TYPST, shown), content_type="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="import-report.pdf"'
    return response


@require_safe
@requires(Action.EXPORT, Resource.IMPORTS)
def records_csv(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 - a view's signature
    run = found_run(pk)
    _note_export(run, "records")
    lines = reports.rows_csv(run, dry=run.loaded_at is None)
    return _csv(StreamingHttpResponse(lines), "import-records.csv")


def _note_export(run: ImportRun, what: str) -> None:
    record_event(
        "export", object_type="imports_importrun", object_id=str(run.pk), payload={"what": what}
    )


def _csv(response: Any, name: str) -> HttpResponse:
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response  # type: ignore[no-any-return]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def compare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Choose a file to hold a loaded import against again, and see the earlier comparisons."""
    run = found_run(pk)
    problem, status = "", 200
    if request.method == "POST":
        try:
            asked = _request_comparison(run, request.POST.get("source", ""))
        except VerificationError as error:
            problem, status = str(error), 422
        else:
            return redirect("imports:comparison", pk=pk, verification_id=asked.pk)
    return run_page(
        request,
        run,
        "compare",
        sources=verification.files_to_compare(run),
        verifications=run.verifications.select_related("source")[:20],
        problem=problem,
        status=status,
    )


def _request_comparison(run: ImportRun, source_id: str) -> Verification:
    try:
        source = ImportSource.objects.filter(pk=UUID(source_id)).first()
    except ValueError:
        source = None
    if source is None:
        raise VerificationError("Choose a file.")
    asked = verification.request_verification(run, source, actor=current_scope().actor)
    verification_id = str(asked.pk)
    transaction.on_commit(lambda: tasks.verify_run.delay(verification_id))
    return asked


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def comparison(request: HttpRequest, pk: UUID, verification_id: UUID) -> HttpResponse:
    """Show what differs between a loaded import, its file, and the records as they are now."""
    run = found_run(pk)
    found = (
        Verification.objects.select_related("source").filter(pk=verification_id, run=run).first()
    )
    if found is None:
        raise Http404("There is no such comparison.")
    if "HX-Request" in request.headers:  # the page asks whether it is done
        waits = found.state == Verification.State.WAITING
        return HttpResponse(status=204) if waits else HttpResponse(headers={"HX-Refresh": "true"})
    if found.state == Verification.State.FAILED:
        messages.error(request, found.error)
        return redirect("imports:compare", pk=pk)
    return run_page(request, run, "comparison", verification=found)
