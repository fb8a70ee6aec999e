"""The protocol behind the upload of files: create, ask how far, send a part (see platform/ui)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, Resource, requires
from clinical.documents.models import Document, Upload
from clinical.documents.services import batch_of_day
from clinical.documents.uploads import (
    Part,
    UploadError,
    WrongOffsetError,
    append_part,
    finish_upload,
    start_upload,
)
from clinical.patients.selectors import get_patient

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")
NAME_LENGTH = 1000
LINE = 200
MAX_JSON = 10_000


@require_POST
@requires(Action.CREATE, Resource.DOCUMENTS)
def create_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Open an upload: name and size in, the address for the parts out."""
    patient = get_patient(request.user, pk)
    try:
        asked = json.loads(request.read(MAX_JSON))
        name, size = str(asked["name"])[:NAME_LENGTH], int(asked["size"])
        is_image = asked.get("kind") == Document.Kind.IMAGE
        category = str(asked.get("category") or "")[:LINE]
        batch_name = str(asked.get("batch") or "").strip()[:LINE]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return JsonResponse({"detail": "Name and size of the file are needed."}, status=400)
    try:
        upload = start_upload(
            patient,
            actor=request.user,
            name=name.replace("\0", ""),
            size=size,
            kind=Document.Kind.IMAGE if is_image else Document.Kind.DOCUMENT,
            category=category.replace("\0", ""),
        )
    except UploadError as error:
        return _failed(error)
    if is_image:
        upload.batch = batch_of_day(
            patient,
            actor=request.user,
            name=batch_name.replace("\0", ""),
            taken_on=timezone.localdate(),
        )
        upload.save(update_fields=["batch"])
    return _state(upload, status=201)


@require_http_methods(["GET", "HEAD", "PUT"])
@requires(Action.CREATE, Resource.DOCUMENTS)
def upload_part(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take one part (PUT), or say how far the upload is (GET).

    A file that has arrived as a whole but could not be stored is tried again by `bytes */size`.
    """
    upload = Upload.objects.filter(pk=pk, started_by=str(request.user.pk)).first()
    if upload is None:
        return JsonResponse(
            {"detail": "There is no such upload. Choose the file again."}, status=404
        )
    if request.method != "PUT":
        return _state(upload)
    written = request.headers.get("Content-Range", "")
    match = _RANGE.fullmatch(written)
    try:
        if match:
            start, end, total = (int(number) for number in match.groups())
            part = Part(start, end, total, request.headers.get("Content-Digest", ""))
            upload = append_part(upload, part, request, actor=request.user)
        elif written == f"bytes */{upload.size}" and upload.received == upload.size:
            if upload.document_id is None:
                upload = finish_upload(upload, actor=request.user)
        else:
            return JsonResponse({"detail": "A part needs its Content-Range."}, status=400)
    except UploadError as error:
        return _failed(error)
    return _state(upload)


def _state(upload: Upload, *, status: int = 200) -> JsonResponse:
    answer: dict[str, Any] = {
        "url": reverse("documents:upload_part", kwargs={"pk": upload.pk}),
        "offset": upload.received,
        "complete": upload.document_id is not None,
    }
    if upload.document is not None:
        answer["title"] = str(upload.document)
        answer["page"] = reverse("documents:detail", kwargs={"pk": upload.document_id})
    return JsonResponse(answer, status=status)


def _failed(error: UploadError) -> JsonResponse:
    more = {"offset": error.offset} if isinstance(error, WrongOffsetError) else {}
    return JsonResponse({"detail": str(error), **more}, status=error.status)
