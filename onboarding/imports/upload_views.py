"""The upload page and the protocol behind it: create, ask how far, send a part, give up."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record as record_event
from onboarding.filemaker.exports.detect import kind_of
from onboarding.imports import runs, selectors, services, tasks
from onboarding.imports.models import ImportRun, ImportSource
from onboarding.imports.upload import (
    MAX_BYTES,
    Part,
    RefusedFileError,
    UploadError,
    WrongOffsetError,
    append_part,
    discard_upload,
    path_of,
    start_upload,
)
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest

_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")
NAME_LENGTH = 1000
MAX_JSON = 10_000


@dataclass(frozen=True)
class Unfinished:
    """An upload to go on with, as the component wants it."""

    url: str
    name: str
    size: int
    offset: int


@require_safe
@requires(Action.RUN, Resource.IMPORTS)
def upload_page(request: HttpRequest) -> HttpResponse:
    waiting = selectors.unfinished_uploads().first()
    unfinished = None
    if waiting is not None:
        unfinished = Unfinished(_url(waiting), waiting.file_name, waiting.size, waiting.received)
    context = {
        "steps": selectors.STEPS,
        "unfinished": unfinished,
        "waiting": waiting,
        "most": MAX_BYTES,
    }
    return render(request, "imports/upload.html", context)


def _url(source: ImportSource) -> str:
    return reverse("imports:upload_part", kwargs={"pk": source.pk})


def _state(source: ImportSource, *, status: int = 200, **more: Any) -> JsonResponse:
    complete = source.state in {ImportSource.State.RECEIVED, ImportSource.State.STAGED}
    answer: dict[str, Any] = {"url": _url(source), "offset": source.received, "complete": complete}
    run = source.runs.order_by("created_at").first() if complete else None
    if run is not None:
        answer["next"] = reverse("imports:detail", kwargs={"pk": run.pk})
    return JsonResponse({**answer, **more}, status=status)


def _failed(error: UploadError) -> JsonResponse:
    more = {"offset": error.offset} if isinstance(error, WrongOffsetError) else {}
    return JsonResponse({"detail": str(error), **more}, status=error.status)


@require_POST
@requires(Action.RUN, Resource.IMPORTS)
def create_upload(request: HttpRequest) -> HttpResponse:
    """Open an upload: name and size in, the address for the parts out."""
    try:
        asked = json.loads(request.read(MAX_JSON))
        name, size = str(asked["name"])[:NAME_LENGTH], int(asked["size"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return JsonResponse({"detail": "Name and size of the file are needed."}, status=400)
    try:
        source = start_upload(name=name, size=size, actor=current_scope().actor)
    except UploadError as error:
        record_event("import.upload", object_type="imports_importsource", result="refused")
        return _failed(error)
    return _state(source, status=201)


@require_http_methods(["GET", "HEAD", "PUT"])
@requires(Action.RUN, Resource.IMPORTS)
def upload_part(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take one part (PUT), or say how far the upload is (GET)."""
    source = ImportSource.objects.filter(pk=pk).first()
    if source is None or source.state == ImportSource.State.DISCARDED:
        return JsonResponse(
            {"detail": "There is no such upload. Choose the file again."}, status=404
        )
    if request.method != "PUT":
        return _state(source)
    match = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
    if not match:
        return JsonResponse({"detail": "A part needs its Content-Range."}, status=400)
    start, end, total = (int(number) for number in match.groups())
    part = Part(start, end, total, request.headers.get("Content-Digest", ""))
    try:
        source = append_part(pk, part, request)
    except RefusedFileError as error:
        record_event(
            "import.upload",
            object_type="imports_importsource",
            object_id=str(pk),
            result="refused",
            payload={"code": error.error.code},
        )
        return _failed(error)
    except UploadError as error:
        return _failed(error)
    if source.state == ImportSource.State.RECEIVED:
        _go_on(source)
    return _state(source)


def _go_on(source: ImportSource) -> None:
    """Read the file; of a text file a person says first how it is written."""
    run = runs.begin_run(source, actor=current_scope().actor)
    if kind_of(path_of(source)) == "delimited":
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
