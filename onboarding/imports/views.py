"""Settings → Data → Import: from an upload to a report, one page for each step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.filemaker.exports.errors import BadChoiceError
from onboarding.imports import modes, runs, selectors, services, tasks
from onboarding.imports.filing import account_of
from onboarding.imports.loading.writing import MODELS
from onboarding.imports.models import ImportRun
from onboarding.imports.retention import days_kept
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.targets import ENTITIES
from onboarding.imports.upload import discard_upload
from onboarding.imports.written import (
    WrittenForm,
    choose_reading,
    may_choose,
    read_choices,
    written_form,
)
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

State = ImportRun.State


def found_run(run_id: UUID) -> ImportRun:
    run = selectors.get_run(run_id)
    if run is None:
        raise Http404("There is no such import.")
    return run


def run_page(
    request: HttpRequest, run: ImportRun, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    shown = {"run": run, "steps": selectors.STEPS, "step": selectors.step_of(run), **context}
    return render(request, f"imports/{template}.html", shown, status=status)


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def run_list(request: HttpRequest) -> HttpResponse:
    context = {
        "runs": selectors.list_runs()[:200],
        "unfinished": selectors.unfinished_uploads(),
        "days_kept": days_kept(),
    }
    return render(request, "imports/list.html", context)


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the run where it stands: at work, ready for the next step, or with its report."""
    run = found_run(pk)
    return _detail(request, run)


def _detail(
    request: HttpRequest,
    run: ImportRun,
    *,
    status: int = 200,
    refusal: str = "",
    written: WrittenForm | None = None,
) -> HttpResponse:
    if run.is_working:
        return run_page(
            request,
            run,
            "working",
            pace=selectors.pace_of(run),
            phases=selectors.phases_of(run),
            refusal=refusal,
            status=status,
        )
    report = run.report if run.loaded_at else run.dry_report
    return run_page(
        request,
        run,
        "run",
        report=report,
        refusal=refusal,
        status=status,
        is_dry=run.loaded_at is None,
        phases=selectors.phases_of(run),
        lines=run.phases.all(),
        may_choose_mode=modes.may_choose_mode(run),
        verifications=run.verifications.select_related("source")[:5],
        mode_words=run.get_mode_display(),
        kept=_kept(run),
        deleted=_deleted(run),
        entities=ENTITIES,
        failed_step=_step_name(run),
        files=account_of(run) if run.loaded_at else None,
        written=written or _written(run),
    )


def _written(run: ImportRun) -> WrittenForm | None:
    """Answer the form about how a text file is written, while it can still be said."""
    if not may_choose(run):
        return None
    return written_form(run.source)


def _deleted(run: ImportRun) -> list[tuple[int, str]]:
    counts = run.undo_report.get("deleted", {})
    return [(counts[kind], kind) for kind in MODELS if counts.get(kind)]


def _step_name(run: ImportRun) -> str:
    names = {
        State.READING: "Reading the file",
        State.CHECKING: "The dry run",
        State.LOADING: "Loading",
        State.MENDING: "Taking corrected records over",
        State.UNDOING: "Undoing",
    }
    return names.get(run.failed_in, "")  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True)
class KeptRow:
    """A row that an undo left as it is: what differs between the loaded version and the one now."""

    kind: str
    name: str
    why: str
    differences: list[tuple[str, Any, Any]]


def _kept(run: ImportRun) -> list[KeptRow]:
    rows = []
    for kept in run.undo_report.get("kept", ())[:200]:
        loaded, now = kept["loaded"] or {}, kept["now"] or {}
        differences = [
            (name.replace("_", " "), loaded.get(name), now.get(name))
            for name in sorted(loaded.keys() & now.keys())
            if loaded.get(name) != now.get(name) and name != "changed_at"
        ]
        name = " ".join(
            filter(
                None,
                [
                    now.get("given_names"),
                    now.get("family_name"),
                    now.get("name"),
                    now.get("value"),
                    now.get("starts_at"),
                ],
            )
        )
        rows.append(KeptRow(kept["kind"].replace("_", " "), name, kept["why"], differences))
    return rows


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def progress(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer the progress bar; when the work has ended, the whole page comes anew."""
    run = found_run(pk)
    if run.is_working:
        context = {
            "run": run,
            "pace": selectors.pace_of(run),
            "phases": selectors.phases_of(run),
        }
        return render(request, "imports/_progress.html", context)
    return HttpResponse(headers={"HX-Refresh": "true"})


@require_safe
@requires(Action.VIEW, Resource.IMPORTS)
def contents(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show what is in the file: tables, fields, how filled, masked examples."""
    run = found_run(pk)
    if not run.source.profile:
        return redirect("imports:detail", pk=pk)
    tables = selectors.contents_of(run.source)
    return run_page(request, run, "contents", tables=tables, source=run.source, step=2)


def begin_step(request: HttpRequest, run: ImportRun, step: str, task: Any) -> HttpResponse:
    """Queue a step; the worker is told once the request's transaction has been kept."""
    try:
        with transaction.atomic():
            services.request_step(run.pk, step)
    except ImportRefusedError as refusal:
        record_event(
            f"import.{step}",
            object_type="imports_importrun",
            object_id=str(run.pk),
            result="refused",
        )
        return _detail(request, found_run(run.pk), status=409, refusal=str(refusal))
    run_id = str(run.pk)
    transaction.on_commit(lambda: task.delay(run_id))
    return redirect("imports:detail", pk=run.pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def read(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin to read a file that had to wait for another import."""
    return begin_step(request, found_run(pk), State.READING, tasks.read_file)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def written(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take how a text file is written, and read it so; `look` only shows it so."""
    run = found_run(pk)
    try:
        choices = read_choices(request.POST.dict())
    except BadChoiceError as error:
        return _detail(request, run, status=422, refusal=f"{error.message} {error.remedy}")
    form = written_form(run.source, choices) if may_choose(run) else None
    if form is not None and ("look" in request.POST or form.problem):
        return _detail(request, run, status=422 if form.problem else 200, written=form)
    try:
        run = choose_reading(run, choices)
    except ImportRefusedError as refusal:
        return _detail(request, found_run(pk), status=409, refusal=str(refusal))
    return begin_step(request, run, State.READING, tasks.read_file)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    return begin_step(request, found_run(pk), State.CHECKING, tasks.check_run)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def load(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Load for good; incomplete records stop it where the clinic wants that."""
    run = modes.stop_at_gaps(found_run(pk), stops="stops_at_gaps" in request.POST)
    return begin_step(request, run, State.LOADING, tasks.load_run)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def update(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make a full re-import that is not loaded yet an ordinary run again."""
    run = found_run(pk)
    try:
        modes.bring_up_to_date(run)
    except ImportRefusedError as refusal:
        return _detail(request, run, status=409, refusal=str(refusal))
    return redirect("imports:detail", pk=pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    return begin_step(request, found_run(pk), State.UNDOING, tasks.undo_run)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a stopped run up again where it stopped, or wake one whose worker has died."""
    run = found_run(pk)
    if run.is_working and selectors.pace_of(run).is_stale:
        task, run_id = tasks.STEPS[run.state], str(run.pk)
        transaction.on_commit(lambda: task.delay(run_id))
        return redirect("imports:detail", pk=pk)
    if run.state == State.FAILED:
        return begin_step(request, run, run.failed_in, tasks.STEPS[run.failed_in])
    refusal = "There is nothing to take up again."
    return _detail(request, run, status=409, refusal=refusal)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    run = found_run(pk)
    if run.is_working:
        runs.ask_to_stop(run.pk)
        kept = "What is here stays." if run.state == State.FILING else "Nothing of it will be kept."
        messages.info(request, f"The import stops at the next batch. {kept}")
    return redirect("imports:detail", pk=pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Begin another run of the same file: what is already here is updated, nothing is doubled."""
    run = found_run(pk)
    try:
        fresh = runs.begin_run(run.source, actor=current_scope().actor)
    except ImportRefusedError as refusal:
        return _detail(request, run, status=409, refusal=str(refusal))
    fresh.mapping = services.latest_mapping(run.source)
    fresh.save(update_fields=["mapping"])
    return redirect("imports:mapping", pk=fresh.pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def discard(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete the uploaded file and its staged copy; what was loaded stays."""
    run = found_run(pk)
    if run.is_working:
        return _detail(request, run, status=409, refusal="Stop the import first.")
    discard_upload(run.source)
    messages.success(request, "The uploaded file was deleted. What was loaded from it stays.")
    return redirect("imports:list")
