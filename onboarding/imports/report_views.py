"""What became of each record: as pages, and as sheets to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.imports import reports, selectors
from onboarding.imports.views import found_run, run_page

if TYPE_CHECKING:
    from django.http import HttpRequest

    from onboarding.imports.models import ImportRun


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
    )


@require_safe
@requires(Action.EXPORT, Resource.IMPORTS)
def report_csv(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 - a view's signature
    run = found_run(pk)
    report = run.report or run.dry_report
    if not report:
        raise Http404("This import has no report yet.")
    _note_export(run, "report")
    return _csv(HttpResponse(reports.reconciliation_csv(report)), "import-report.csv")


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
