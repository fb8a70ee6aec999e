"""Questions about files of patients. Each takes the actor and answers only what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Count, F, Q
from django.shortcuts import get_object_or_404

from clinical.documents.models import Document, ImageBatch
from clinical.documents.rules import (
    is_servable,
    own_work_list,
    visible_batches,
    visible_documents,
)
from clinical.documents.sniffing import DICOM
from tenants.storage import clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from accounts.models import User
    from clinical.patients.models import Patient

MOST = 1000
"""Files of one patient on one page; who has more is told so."""
PAGE_SIZE = 50
CATEGORIES = 100
FOLDERS = ("patients", "unlinked")
PREVIEW = ".preview.jpg"


@dataclass(frozen=True)
class Counts:
    documents: int
    images: int
    archived: int


@dataclass(frozen=True)
class Group:
    """Documents under one heading."""

    label: str
    documents: Sequence[Document]


@dataclass(frozen=True)
class Shelf:
    """Images of one occasion; without a batch those that belong to none."""

    batch: ImageBatch | None
    images: Sequence[Document]

    @property
    def taken_on(self) -> date | None:
        if self.batch is not None and self.batch.taken_on:
            return self.batch.taken_on
        return next((image.dated_on for image in self.images if image.dated_on), None)


@dataclass(frozen=True)
class UnlinkedPage:
    """Files that belong to no patient; `after` leads to the next ones."""

    documents: Sequence[Document]
    total: int
    after: UUID | None


def get_document(actor: User, pk: UUID) -> Document:
    """Answer a document with its patient; raises Http404 for whom the actor may not see."""
    related = ("patient", "patient__location", "patient__funding_type", "batch", "practitioner")
    return get_object_or_404(visible_documents(actor).select_related(*related), pk=pk)


def counts_of(actor: User, patient: Patient) -> Counts:
    """Count a patient's files."""
    kept = Q(is_archived=False)
    found = (
        visible_documents(actor)
        .filter(patient=patient)
        .aggregate(
            documents=Count("pk", filter=kept & Q(kind=Document.Kind.DOCUMENT)),
            images=Count("pk", filter=kept & Q(kind=Document.Kind.IMAGE)),
            archived=Count("pk", filter=~kept),
        )
    )
    return Counts(**found)


def documents_of(actor: User, patient: Patient, *, archived: bool = False) -> list[Document]:
    """Answer a patient's documents, newest first; the archived ones by themselves, of both kinds."""
    documents = visible_documents(actor).filter(patient=patient, is_archived=archived)
    if not archived:
        documents = documents.filter(kind=Document.Kind.DOCUMENT)
    newest = documents.order_by(F("dated_on").desc(nulls_last=True), "-id")
    return list(newest.select_related("practitioner").defer("extra", "source_note")[:MOST])


def by_category(documents: Sequence[Document]) -> list[Group]:
    """Put the documents under their categories, in the order of the alphabet; none comes last."""
    ordered = sorted(documents, key=lambda d: (d.category == "", d.category.casefold()))
    return [
        Group(found[0].category or "Without a category", found)
        for _key, rows in groupby(ordered, key=lambda d: d.category.casefold())
        if (found := list(rows))
    ]


def shelves_of(actor: User, patient: Patient) -> list[Shelf]:
    """Answer a patient's images by the batch they were taken in, newest first."""
    images = list(
        visible_documents(actor)
        .filter(patient=patient, kind=Document.Kind.IMAGE, is_archived=False)
        .order_by("id")
        .defer("extra", "source_note")[:MOST]
    )
    batches = {batch.pk: batch for batch in visible_batches(actor).filter(patient=patient)}
    shelves = []
    for batch_id in dict.fromkeys(image.batch_id for image in images):
        own = [image for image in images if image.batch_id == batch_id]
        shelves.append(Shelf(batches.get(batch_id) if batch_id else None, own))
    return sorted(shelves, key=lambda shelf: shelf.taken_on or date.min, reverse=True)


def neighbours_of(actor: User, document: Document) -> tuple[UUID | None, UUID | None]:
    """Answer the images before and after this one, as the page of images shows them."""
    if document.patient is None or document.kind != Document.Kind.IMAGE or document.is_archived:
        return None, None
    order = [i.pk for shelf in shelves_of(actor, document.patient) for i in shelf.images]
    if document.pk not in order:
        return None, None
    at = order.index(document.pk)
    return (order[at - 1] if at else None), (order[at + 1] if at + 1 < len(order) else None)


def stack_of(actor: User, document: Document) -> list[Document]:
    """Answer the medical images that were taken with this one, itself among them, by their age.

    What order they have in their series only the files know.
    """
    if document.patient_id is None or document.is_archived:
        return [document]
    together = (
        visible_documents(actor)
        .filter(patient=document.patient_id, media_type=DICOM, is_archived=False)
        .filter(state=Document.State.STORED, batch=document.batch_id)
        .order_by("id")
        .defer("extra", "source_note")
    )
    if document.batch_id is None:
        together = together.filter(dated_on=document.dated_on)
    found = [image for image in together[:MOST] if is_servable(image)]
    return found if document.pk in {image.pk for image in found} else [document, *found]


def unlinked(actor: User, *, after: UUID | None = None) -> UnlinkedPage:
    """Answer files of no patient, newest first, in pages."""
    unlinked = visible_documents(actor).filter(patient=None, is_archived=False)
    documents = unlinked.exclude(own_work_list())
    total = documents.count()
    shown = documents.filter(pk__lt=after) if after else documents
    rows = list(shown.order_by("-id")[: PAGE_SIZE + 1])
    edge = rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None
    return UnlinkedPage(rows[:PAGE_SIZE], total, edge)


def unlinked_among(actor: User, ids: Sequence[UUID]) -> list[Document]:
    """Answer those of the ids that are files of no patient."""
    free = visible_documents(actor).filter(patient=None, pk__in=ids)
    return list(free.exclude(own_work_list()).order_by("-id"))


def categories_in_use(actor: User) -> list[str]:
    """Answer what the clinic calls its kinds of documents."""
    used = visible_documents(actor).exclude(category="").order_by("category")
    return list(used.values_list("category", flat=True).distinct()[:CATEGORIES])


def missing_files() -> Iterator[Document]:
    """Find documents whose file is no longer in the storage, or not whole."""
    storage = clinic_storage()
    stored = Document.objects.filter(state=Document.State.STORED).order_by("id")
    for document in stored.iterator(chunk_size=500):
        if storage.size_or_none(document.storage_key) != document.size:
            yield document


def orphans() -> Iterator[str]:
    """Name stored files that no document knows: a deleted document leaves its file for a sweep."""
    known: set[str] = set()
    for pair in Document.objects.values_list("storage_key", "thumbnail_key").iterator():
        known.update(pair)
    for folder in FOLDERS:
        yield from (name for name in clinic_storage().names_below(folder) if name not in known)
