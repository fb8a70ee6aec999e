"""What concerns all clinics at once: imports, migrations, the nightly self-check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.permissions import Action, Resource, requires
from operators import checks, jobs_shown, selectors
from operators.views.pages import number, page_urls
from tenants import rollout

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

IMPORTS = {"": "All", "stuck": "Stuck", "working": "At work", "failed": "Stopped"}


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def imports(request: HttpRequest) -> HttpResponse:
    """Answer the import runs of all clinics, stuck ones first."""
    only = request.GET.get("show", "")
    rows = selectors.import_rows(only=only)
    page = number(request.GET.get("page"))
    begin = (page - 1) * selectors.PAGE
    has_more = len(rows) > begin + selectors.PAGE
    context = {
        "rows": rows[begin : begin + selectors.PAGE],
        "show": only,
        "tabs": IMPORTS.items(),
        "count": len(rows),
        "pager": page_urls(request, page - 1 if page > 1 else None, page + 1 if has_more else None),
    }
    return render(request, "operators/imports.html", context)


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def migrations(request: HttpRequest) -> HttpResponse:
    """Answer how far every clinic's tables are."""
    runs = jobs_shown.job_page(kind=rollout.KIND).jobs[:5]
    newest = max(runs, key=lambda shown: shown.job.created_at, default=None)
    state = selectors.migration_state()
    context = {
        "state": state,
        "waiting": state.open[: selectors.PAGE],
        "left_out": max(0, len(state.open) - selectors.PAGE),
        "runs": runs,
        "running": newest if newest and newest.job.is_open else None,
        "stopped": newest if newest and newest.can_retry else None,
    }
    return render(request, "operators/migrations.html", context)


@require_GET
@requires(Action.VIEW, Resource.TENANTS)
def self_check(request: HttpRequest) -> HttpResponse:
    """Answer what the nightly looks have found, worst first."""
    return render(request, "operators/checks.html", checks.page(show=request.GET.get("show", "")))
