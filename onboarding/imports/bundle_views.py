"""The page of a job of several files: what is in it, what it asks for, and what is still missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from onboarding.imports import bundle, runs, selectors, services, tasks
from onboarding.imports.bundle_look import asked_files
from onboarding.imports.models import ImportRun, ImportSource, SourceFile
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.upload import MAX_BYTES, discard_upload
from tenants.scope import current_scope
from ui.uploads import UploadError

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

State = ImportRun.State


def found_job(pk: UUID) -> ImportSource:
    kinds = (ImportSource.Kind.FILE, ImportSource.Kind.BUNDLE)
    job = ImportSource.objects.filter(pk=pk, kind__in=kinds).first()
    if job is None or job.state == ImportSource.State.DISCARDED:
        raise Http404("There is no such import.")
    return job


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def open_job(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Begin an import of several files."""
    return redirect("imports:job", pk=bundle.open_job(actor=current_scope().actor).pk)


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the files of a job, with room for more."""
    return _job_page(request, found_job(pk))


def _job_page(
    request: HttpRequest, source: ImportSource, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    shown = list(source.files.filter(archive=None).prefetch_related("members"))
    data = bundle.data_files(source)
    waiting = [f for f in shown if f.state == SourceFile.State.RECEIVING]
    looking = any(not file.facts for file in data) and source.kind == ImportSource.Kind.BUNDLE
    context = {
        "job": source,
        "run": source.runs.order_by("created_at").first(),
        "files": shown,
        "data": data,
        "waiting": waiting,
        "unfinished": _unfinished(waiting),
        "asked": [] if looking else asked_files(data),
        "looking": looking,
        "may_change": bundle.may_change(source),
        "may_add": bundle.may_add_containers(source),
        "refusal": refusal,
        "most": MAX_BYTES,
        "steps": selectors.STEPS,
    }
    is_poll = request.headers.get("HX-Request") == "true" and request.method == "GET"
    template = "imports/_job_files.html" if is_poll else "imports/job.html"
    return render(request, template, context, status=status)


def _unfinished(waiting: list[SourceFile]) -> selectors.Unfinished | None:
    return selectors.unfinished_of(waiting[0]) if waiting else None


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def remove_file(request: HttpRequest, pk: UUID, file_id: UUID) -> HttpResponse:
    """Take a file out of the job."""
    source = found_job(pk)
    file = source.files.filter(pk=file_id).first()
    if file is None:
        raise Http404("There is no such file in this import.")
    try:
        bundle.remove_file(file)
    except UploadError as error:
        return _job_page(request, source, refusal=str(error), status=error.status)
    return redirect("imports:job", pk=pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def read_job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Read all files of the job as one."""
    source = found_job(pk)
    try:
        with transaction.atomic():
            source = bundle.close_job(source)
            run = source.runs.order_by("created_at").first()
            run = run or runs.begin_run(source, actor=current_scope().actor)
            services.request_step(run.pk, State.READING)
    except UploadError as error:
        return _job_page(request, source, refusal=str(error), status=error.status)
    except ImportRefusedError as refusal:
        return _job_page(request, source, refusal=str(refusal), status=409)
    run_id = str(run.pk)
    transaction.on_commit(lambda: tasks.read_file.delay(run_id))
    return redirect("imports:detail", pk=run.pk)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def give_up_job(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Delete a job of which nothing was read."""
    source = found_job(pk)
    if not source.runs.exists():
        discard_upload(source)
    return redirect("imports:upload")
