"""The protocol behind the upload of files: create, ask how far, send a part (see platform/ui)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.permissions import Action, Resource, requires
from clinical.documents.models import Document, Upload
from clinical.documents.services import batch_of_day
from clinical.documents.uploads import append_part, finish_upload, start_upload
from clinical.patients.selectors import get_patient
from ui.uploads import UploadError, announced, failed, part_of, unknown

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from clinical.practice.requests import SignedInRequest

LINE = 200


@require_POST
@requires(Action.CREATE, Resource.DOCUMENTS)
def create_upload(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Open an upload: name and size in, the address for the parts out."""
    patient = get_patient(request.user, pk)
    try:
        name, size, asked = announced(request)
        is_image = asked.get("kind") == Document.Kind.IMAGE
        upload = start_upload(
            patient,
            actor=request.user,
            name=name,
            size=size,
            kind=Document.Kind.IMAGE if is_image else Document.Kind.DOCUMENT,
            category=_line(asked.get("category")),
        )
    except UploadError as error:
        return failed(error)
    if is_image:
        upload.batch = batch_of_day(
            patient,
            actor=request.user,
            name=_line(asked.get("batch")),
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
        return unknown()
    if request.method != "PUT":
        return _state(upload)
    is_asked_again = request.headers.get("Content-Range") == f"bytes */{upload.size}"
    try:
        if not (is_asked_again and upload.received == upload.size):
            upload = append_part(upload, part_of(request), request, actor=request.user)
        elif upload.document_id is None:
            upload = finish_upload(upload, actor=request.user)
    except UploadError as error:
        return failed(error)
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


def _line(said: object) -> str:
    return str(said or "").replace("\0", "").strip()[:LINE]
