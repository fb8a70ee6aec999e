"""Records that were set aside: grouped by reason, opened one by one, corrected and taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.imports import quarantine, tasks
from onboarding.imports.models import ImportRun
from onboarding.imports.quarantine import CorrectionError
from onboarding.imports.views import begin_step, found_run, run_page
from tenants.scope import current_scope

if TYPE_CHECKING:
    from django.http import HttpRequest

    from onboarding.imports.quarantine import Group, OpenRecord

CELL, CHOICE = "cell-", "choice-"
LONGEST = 100_000


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def groups(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show why records were set aside; with `group`, those of one reason."""
    run = found_run(pk)
    found = quarantine.quarantine_groups(run)
    chosen = _chosen(found, request.GET.get("group", ""))
    try:
        after = UUID(request.GET["after"]) if "after" in request.GET else None
    except ValueError as error:
        raise Http404("There is no such page.") from error
    rows = quarantine.records_of(run, chosen, after=after) if chosen else []
    more = len(rows) == quarantine.PAGE
    return run_page(
        request,
        run,
        "quarantine",
        groups=found,
        chosen=chosen,
        rows=rows,
        next_url=f"?group={chosen.id}&after={rows[-1].result.pk}" if more and chosen else "",
        is_staged=run.source.state == "staged",
    )


def _chosen(found: list[Group], asked: str) -> Group | None:
    if not asked:
        return found[0] if len(found) == 1 else None
    return next((group for group in found if str(group.id) == asked), None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.RUN, Resource.IMPORTS)
def record(request: HttpRequest, pk: UUID, table_id: int, record_id: int) -> HttpResponse:
    """Open one record with all its text; take corrections."""
    run = found_run(pk)
    opened = quarantine.open_record(run, table_id, record_id)
    if opened is None:
        raise Http404("This record is not set aside.")
    if request.method != "POST":
        record_event(
            "view",
            object_type="imports_rowresult",
            object_id=str(opened.result.pk),
            payload={"run": str(run.pk)},
        )
        return _record_page(request, run, opened)
    if "find" in request.POST:
        found = quarantine.patients_like(request.user, request.POST.get("q", "")[:200])  # type: ignore[arg-type]
        return _record_page(request, run, opened, found=found, sought=True)
    try:
        _correct(request, run, opened)
    except CorrectionError as error:
        return _record_page(request, run, opened, problem=str(error), status=422)
    if "take" in request.POST:
        return begin_step(request, run, ImportRun.State.MENDING, tasks.mend_run)
    messages.success(request, "Kept. Nothing is taken over before you say so.")
    return redirect("imports:quarantine", pk=pk)


def _correct(request: HttpRequest, run: ImportRun, opened: OpenRecord) -> None:
    sent = request.POST.dict()
    actor = current_scope().actor
    if "leave_out" in sent:
        quarantine.leave_out(run, [opened.result], reason=str(sent.get("why", "")), actor=actor)
        return
    places = {cell.place for cell in opened.cells}
    targets = {choice.target for choice in opened.choices}
    quarantine.correct_record(
        run,
        opened.result,
        cells={
            place: str(sent[CELL + place])[:LONGEST].replace("\x00", "")
            for place in places
            if CELL + place in sent
        },
        choices={t: str(sent[CHOICE + t]) for t in targets if CHOICE + t in sent},
        actor=actor,
    )


def _record_page(
    request: HttpRequest, run: ImportRun, opened: OpenRecord, *, status: int = 200, **more: Any
) -> HttpResponse:
    return run_page(request, run, "quarantine_record", status=status, record=opened, **more)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def leave_out(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Accept that all records of one reason are left out, and count them so."""
    run = found_run(pk)
    chosen = _chosen(quarantine.quarantine_groups(run), request.POST.get("group", "-"))
    if chosen is None:
        raise Http404("There are no such records.")
    try:
        results = quarantine.everything_of(run, chosen)
        quarantine.leave_out(
            run, results, reason=request.POST.get("why", ""), actor=current_scope().actor
        )
    except CorrectionError as error:
        messages.error(request, str(error))
        return redirect("imports:quarantine", pk=pk)
    return begin_step(request, run, ImportRun.State.MENDING, tasks.mend_run)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def mend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Try all records that are set aside again, with what was said of them."""
    return begin_step(request, found_run(pk), ImportRun.State.MENDING, tasks.mend_run)
