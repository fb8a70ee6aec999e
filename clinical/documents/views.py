"""The pages about files: a patient's, one file with its viewer, and those that belong to nobody."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from audit.services import record
from clinical.documents import links, selectors, services, serving, zipping
from clinical.documents.forms import DocumentForm
from clinical.documents.links import LinkExpiredError, LinkForgedError
from clinical.documents.models import Document
from clinical.documents.rules import is_servable, shows_as
from clinical.patients.filters import PatientFilter
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient, search_patients
from clinical.patients.services import record_view
from tenants.scope import current_scope, tenant_scope
from ui import csp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from clinical.practice.requests import SignedInRequest

TAB = "documents:list"
SECTIONS = ("documents", "images", "archived")
MOST_AT_ONCE = 200
PREPARING_MINUTES = 10


@require_safe
@requires(Action.VIEW, Resource.DOCUMENTS)
def document_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """List a patient's documents, or show the images, or what was archived."""
    patient = get_patient(request.user, pk)
    section = request.GET.get("only", "")
    section = section if section in SECTIONS else "documents"
    if "X-Nexus-Background" not in request.headers:
        record_view(patient, section=section if section == "images" else "documents")
    context: dict[str, Any] = {
        "show": section,
        "counts": selectors.counts_of(request.user, patient),
        "categories": selectors.categories_in_use(request.user),
        "most": selectors.MOST,
        "today": timezone.localdate(),
    }
    if section == "images":
        shelves = selectors.shelves_of(request.user, patient)
        images = [image for shelf in shelves for image in shelf.images]
        context |= {"shelves": shelves, "is_preparing": _is_preparing(images)}
        _add_preview_links(request, images)
    else:
        documents = selectors.documents_of(request.user, patient, archived=section == "archived")
        by_category = request.GET.get("by") == "category"
        context |= {
            "by_category": by_category,
            "groups": selectors.by_category(documents) if by_category else None,
            "documents": documents,
            "is_preparing": any(d.scan == Document.Scan.PENDING for d in documents),
        }
    if _wants(request, "dc-files"):
        part = {**context, "patient": patient, "is_part": True}
        return render(request, "documents/_files.html", part)
    return record_page(request, patient, "documents/list.html", context, tab=TAB)


def _wants(request: SignedInRequest, part: str) -> bool:
    """Answer whether only one element of the page is asked for."""
    return request.headers.get("HX-Target") == part


def _is_preparing(images: Iterable[Document]) -> bool:
    """Answer whether the worker is still at some of them; not for ever, should it be away."""
    since = timezone.now() - timedelta(minutes=PREPARING_MINUTES)
    return any(
        (image.scan == Document.Scan.PENDING or image.width is None)
        and image.state == Document.State.STORED
        and image.changed_at > since
        for image in images
    )


def _add_preview_links(request: SignedInRequest, images: Iterable[Document]) -> None:
    for image in images:
        image.preview_url = _link(request, image, "preview")  # type: ignore[attr-defined]


def _link(request: SignedInRequest, document: Document, purpose: links.Purpose) -> str:
    """Answer a fresh address of the bytes; '' where there are none to hand out."""
    if not is_servable(document) or (purpose == "preview" and not document.thumbnail_key):
        return ""
    token = links.sign_link(document, actor=request.user, purpose=purpose)
    return reverse(f"documents:{purpose}", kwargs={"pk": document.pk, "token": token})


@require_safe
@requires(Action.VIEW, Resource.DOCUMENTS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show one file with what is known of it."""
    document = selectors.get_document(request.user, pk)
    if "X-Nexus-Background" not in request.headers:
        services.record_reading(document)
    before, after = selectors.neighbours_of(request.user, document)
    context = {
        "document": document,
        "shows_as": shows_as(document),
        "is_servable": is_servable(document),
        "show_url": _link(request, document, "show"),
        "preview_url": _link(request, document, "preview"),
        "extra": sorted(document.extra.items()),
        "before": before,
        "after": after,
    }
    is_dicom = bool(context["shows_as"] == "dicom" and context["show_url"])
    if _wants(request, "dc-file"):
        response = render(request, "documents/_file.html", context)
        if is_dicom:  # scanned meanwhile: its viewer comes with the page
            response.headers["HX-Refresh"] = "true"
        return response
    response = _page(request, document, "documents/detail.html", context)
    if is_dicom:
        # Two of the decoders are WebAssembly. This lets a page compile that, and nothing else.
        csp.allow(response, "script-src", "'wasm-unsafe-eval'")
    return response


@require_safe
@requires(Action.VIEW, Resource.DOCUMENTS)
def stack(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer fresh links to a medical image and those taken with it, for the viewer."""
    document = selectors.get_document(request.user, pk)
    if shows_as(document) != "dicom" or not is_servable(document):
        raise Http404("There is no such image.")
    images = selectors.stack_of(request.user, document)
    services.record_stack(document, len(images))
    found = [
        {"id": str(image.pk), "title": str(image), "url": _link(request, image, "show")}
        for image in images
    ]
    return JsonResponse({"images": found})


def _page(
    request: SignedInRequest,
    document: Document,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render it within the patient's record, or by itself while it belongs to nobody."""
    if document.patient is not None:
        shown = {"base": "patients/_patient.html", **context}
        return record_page(request, document.patient, template, shown, tab=TAB, status=status)
    shown = {"base": "documents/_unlinked.html", **context}
    return render(request, template, shown, status=status)


@require_safe
@requires(Action.VIEW, Resource.DOCUMENTS)
def show(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    """Hand out the bytes for the viewer; the page that made the link has put it on record."""
    return _served(request, pk, token, "show")


@require_safe
@requires(Action.VIEW, Resource.DOCUMENTS)
def preview(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    """Hand out the small picture."""
    return _served(request, pk, token, "preview")


@require_safe
@requires(Action.VIEW, Resource.DOCUMENTS)
def download(request: SignedInRequest, pk: UUID, token: str) -> HttpResponseBase:
    """Hand out the bytes to be saved."""
    return _served(request, pk, token, "download")


def _served(
    request: SignedInRequest, pk: UUID, token: str, purpose: links.Purpose
) -> HttpResponseBase:
    document = selectors.get_document(request.user, pk)
    try:
        links.check_link(token, document, actor=request.user, purpose=purpose)
    except LinkExpiredError:
        return redirect("documents:detail", pk=document.pk)
    except LinkForgedError as error:
        raise Http404("There is no such file.") from error
    if not is_servable(document):
        raise Http404("There is no such file.")
    try:
        if purpose == "preview":
            return serving.preview(document)
        if purpose == "download":
            if "Range" not in request.headers:
                services.record_download(document)
            return serving.download(request, document)
        return serving.show(request, document)
    except FileNotFoundError as error:
        raise Http404("The file is no longer in the storage.") from error


@require_safe
@requires(Action.VIEW, Resource.DOCUMENTS)
def save(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Lead to a fresh link for the download, so that the button of a page never ends."""
    document = selectors.get_document(request.user, pk)
    url = _link(request, document, "download")
    if not url:
        messages.warning(request, "This file cannot be downloaded at the moment.")
    return redirect(url or reverse("documents:detail", kwargs={"pk": document.pk}))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.DOCUMENTS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    document = selectors.get_document(request.user, pk)
    initial = {name: getattr(document, name) for name in services.FIELDS}
    form = DocumentForm(
        request.POST or None,
        initial={**initial, "title": document.title or document.file_name},
        categories=selectors.categories_in_use(request.user),
    )
    if request.method == "POST" and form.is_valid():
        services.change_document(document, actor=request.user, fields=form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("documents:detail", pk=document.pk)
    status = 422 if request.method == "POST" else 200
    context = {"document": document, "form": form}
    return _page(request, document, "documents/edit.html", context, status=status)


@require_POST
@requires(Action.DELETE, Resource.DOCUMENTS)
def archive(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Take a document out of the lists, with the way back in the message."""
    document = services.archive_document(
        selectors.get_document(request.user, pk), actor=request.user
    )
    undo = reverse("documents:restore", kwargs={"pk": document.pk})
    messages.success(request, f"“{document}” is archived.", extra_tags=f"undo:{undo}")
    return _back_to_list(document)


@require_POST
@requires(Action.DELETE, Resource.DOCUMENTS)
def restore(request: SignedInRequest, pk: UUID) -> HttpResponse:
    document = services.restore_document(
        selectors.get_document(request.user, pk), actor=request.user
    )
    messages.success(request, f"“{document}” is back in the list.")
    return _back_to_list(document)


def _back_to_list(document: Document) -> HttpResponse:
    if document.patient_id is None:
        return redirect("documents:unlinked")
    url = reverse(TAB, kwargs={"pk": document.patient_id})
    return redirect(f"{url}?only=images" if document.kind == Document.Kind.IMAGE else url)


@require_safe
@requires(Action.CHANGE, Resource.DOCUMENTS)
def unlinked(request: SignedInRequest) -> HttpResponse:
    """List the files that belong to no patient."""
    page = selectors.unlinked(request.user, after=_id(request.GET.get("after", "")))
    _add_preview_links(request, page.documents)
    older = reverse("documents:unlinked", query={"after": page.after}) if page.after else ""
    is_first = "after" not in request.GET
    context = {"page": page, "older_url": older, "is_first": is_first}
    return render(request, "documents/unlinked.html", context)


@require_POST
@requires(Action.CHANGE, Resource.DOCUMENTS)
def assign(request: SignedInRequest) -> HttpResponse:
    """Choose the patient for the files that were ticked, then give them over."""
    ids = [pk for text in request.POST.getlist("document")[:MOST_AT_ONCE] if (pk := _id(text))]
    documents = selectors.unlinked_among(request.user, ids)
    if not documents:
        messages.info(request, "Tick the files that belong to one patient first.")
        return redirect("documents:unlinked")
    chosen = _id(request.POST.get("patient", ""))
    if chosen is not None:
        patient = get_patient(request.user, chosen)
        given = services.assign_documents(documents, patient, actor=request.user)
        files = "file now belongs" if given == 1 else "files now belong"
        messages.success(request, f"{given} {files} to {patient.full_name}.")
        return redirect("documents:unlinked")
    typed = request.POST.get("q", "").strip()[:200]
    found = []
    if typed:
        hits = search_patients(request.user, typed, PatientFilter(), today=timezone.localdate())
        found = [hit.patient for hit in hits]
    context = {"documents": documents, "typed": typed, "found": found}
    return render(request, "documents/assign.html", context)


@require_POST
@requires(Action.EXPORT, Resource.DOCUMENTS)
def export(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Send all files of a patient as one archive, made while it is sent."""
    patient = get_patient(request.user, pk)
    entries = zipping.entries_of(request.user, patient)
    record(
        "export",
        object_type=patient._meta.db_table,
        object_id=str(patient.pk),
        subject_id=str(patient.pk),
        payload={"files": sum(1 for entry in entries if entry.name)},
    )
    scope = partial(tenant_scope, current_scope())
    response = StreamingHttpResponse(
        zipping.archive(entries, scope=scope), content_type="application/zip"
    )
    name = f"patient-{patient.number}-files.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Content-Security-Policy"] = serving.SANDBOX
    return response


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
