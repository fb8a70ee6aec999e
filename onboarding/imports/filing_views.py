"""Pages about the files of an import: which fit, which are missing, and bringing them over."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.imports import bundle, filing, filing_tasks
from onboarding.imports.bundle_listing import MISSING, WORDS, listing_of
from onboarding.imports.bundle_views import found_job
from onboarding.imports.models import ImportRun
from onboarding.imports.views import begin_step, found_run
from ui.spreadsheets import safe_cell

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

PAGE = 50


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def containers(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List the files kept outside the database: in the folder, missing, and those that fit nothing."""
    source = found_job(pk)
    listing = listing_of(source)
    fate = request.GET.get("fate", MISSING if listing.count(MISSING) else "")
    fate = fate if fate in WORDS else ""
    page = Paginator(listing.of(fate), PAGE).get_page(request.GET.get("page"))
    context = {
        "job": source,
        "run": source.runs.order_by("created_at").last(),
        "listing": listing,
        "fates": [(name, words, listing.count(name)) for name, words in WORDS.items()],
        "fate": fate,
        "page": page,
        "may_add": bundle.may_add_containers(source),
    }
    return render(request, "imports/containers.html", context)


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def containers_csv(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 - a view's signature
    source = found_job(pk)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="files-outside-the-database.csv"'
    answer.write("\ufeff")
    rows = csv.writer(answer)
    rows.writerow(["State", "File", "Table", "Record", "Path", "Bytes"])
    for file in listing_of(source).files:
        cells = (file.words, file.name, file.table, file.record_id, file.path, file.size)
        rows.writerow([safe_cell(cell) for cell in cells])
    record_event(
        "import.download", object_type="imports_importsource", object_id=str(pk),
        payload={"what": "files outside the database"},
    )  # fmt: skip
    return answer


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def bring_files(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Bring over what waits, is missing or has failed."""
    run = found_run(pk)
    filing.ask_again(run)
    return begin_step(request, run, ImportRun.State.FILING, filing_tasks.file_run)
