"""The upload page and the protocol behind it: create, ask how far, send a part, give up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.imports import bundle, bundle_tasks, runs, selectors, services, tasks
from onboarding.imports.models import ImportRun, ImportSource, SourceFile
from onboarding.imports.upload import (
    MAX_BYTES,
    RefusedFileError,
    append_part,
    discard_upload,
    judge_upload,
    start_upload,
)
from onboarding.imports.upload_parts import first_bytes
from tenants.scope import current_scope
from ui.uploads import UploadError, announced, failed, part_of, unknown

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def upload_page(request: HttpRequest) -> HttpResponse:
    waiting = selectors.unfinished_uploads().first()
    if waiting is not None and waiting.kind == ImportSource.Kind.BUNDLE:
        return redirect("imports:job", pk=waiting.pk)
    unfinished = None
    if waiting is not None:
        unfinished = selectors.unfinished_of(waiting)
    context = {
        "steps": selectors.STEPS,
        "unfinished": unfinished,
        "waiting": waiting,
        "most": MAX_BYTES,
    }
    return render(request, "imports/upload.html", context)


def _url(incoming: ImportSource | SourceFile) -> str:
    return reverse("imports:upload_part", kwargs={"pk": incoming.pk})


def _state(incoming: ImportSource | SourceFile, *, status: int = 200, **more: Any) -> JsonResponse:
    complete = incoming.state in {ImportSource.State.RECEIVED, ImportSource.State.STAGED}
    answer: dict[str, Any] = {
        "url": _url(incoming),
        "offset": incoming.received,
        "complete": complete,
    }
    source = incoming.source if isinstance(incoming, SourceFile) else incoming
    if source.kind == ImportSource.Kind.BUNDLE:
        answer["job"] = str(source.pk)
        answer["complete"] = complete or source is incoming
        answer["next"] = reverse("imports:job", kwargs={"pk": source.pk})
    elif complete:
        run = source.runs.order_by("created_at").first()
        if run is not None:
            answer["next"] = reverse("imports:detail", kwargs={"pk": run.pk})
    return JsonResponse({**answer, **more}, status=status)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def create_upload(request: HttpRequest) -> HttpResponse:
    """Open an upload: name and size in, the address for the parts out.

    With `job` the file joins that import; with `several` it opens one that more files will join.
    """
    actor = current_scope().actor
    incoming: ImportSource | SourceFile
    try:
        name, size, asked = announced(request)
        job_id = _uuid(asked.get("job"))
        if job_id is not None:
            job = ImportSource.objects.filter(pk=job_id).first()
            if job is None:
                return JsonResponse({"detail": "There is no such import."}, status=404)
            incoming = bundle.add_file(job, name=name, size=size)
        elif asked.get("several") is True:
            with transaction.atomic():
                incoming = bundle.add_file(bundle.open_job(actor=actor), name=name, size=size)
        else:
            incoming = start_upload(name=name, size=size, actor=actor)
    except UploadError as error:
        record_event("import.upload", object_type="imports_importsource", result="refused")
        return failed(error)
    return _state(incoming, status=201)


@require_http_methods(["GET", "HEAD", "PUT"])
@requires(Action.RUN, Resource.IMPORTS)
def upload_part(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take one part (PUT), or say how far the upload is (GET)."""
    incoming = _found(pk)
    if incoming is None:
        return unknown()
    if request.method != "PUT":
        return _state(incoming)
    try:
        incoming = append_part(incoming, part_of(request), request)
        if incoming.state == ImportSource.State.RECEIVED:
            incoming = _arrived(incoming)
    except RefusedFileError as error:
        record_event(
            "import.upload",
            object_type="imports_importsource",
            object_id=str(pk),
            result="refused",
            payload={"code": error.error.code},
        )
        return failed(error)
    except UploadError as error:
        return failed(error)
    return _state(incoming)


def _uuid(said: object) -> UUID | None:
    try:
        return UUID(str(said)) if said else None
    except ValueError as error:
        raise UploadError("There is no such import.") from error


def _found(pk: UUID) -> ImportSource | SourceFile | None:
    source = ImportSource.objects.filter(pk=pk).exclude(state=ImportSource.State.DISCARDED)
    return source.first() or SourceFile.objects.select_related("source").filter(pk=pk).first()


def _arrived(incoming: ImportSource | SourceFile) -> ImportSource | SourceFile:
    """Take note of a whole file: one that came alone is read at once, a zip opens a job."""
    if isinstance(incoming, SourceFile):
        bundle.settle_file(incoming)
        _look_at(incoming.source)
        return incoming
    kind = judge_upload(first_bytes(incoming), incoming.size)
    if kind == "zip":
        job = bundle.open_zip(incoming)
        _look_at(job)
        return job
    _go_on(incoming, kind)
    return incoming


def _look_at(source: ImportSource) -> None:
    source_id = str(source.pk)
    transaction.on_commit(lambda: bundle_tasks.look_at_files.delay(source_id))


def _go_on(source: ImportSource, kind: str) -> None:
    """Read the file; of a text file a person says first how it is written."""
    run = runs.begin_run(source, actor=current_scope().actor)
    if kind == "delimited":
        return
    try:
        with transaction.atomic():
            services.request_step(run.pk, ImportRun.State.READING)
    except runs.AnotherRunError:
        return  # the page of the run says so and offers to begin
    run_id = str(run.pk)
    transaction.on_commit(lambda: tasks.read_file.delay(run_id))


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def give_up(request: HttpRequest, pk: UUID) -> HttpResponse:  # noqa: ARG001 - a view's signature
    """Delete an upload that is not to be finished."""
    source = ImportSource.objects.filter(pk=pk).first()
    if source is None:
        raise Http404("There is no such upload.")
    if not source.runs.exists():
        discard_upload(source)
    return redirect("imports:upload")
