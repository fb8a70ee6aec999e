"""Takes a run back as a whole, except what people have worked on since: that is kept and listed.

Order: what hangs on patients, then patients, then configuration, so that nothing is deleted that
something kept still needs. The audit trail keeps all of it.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef

from onboarding.imports.loading.writing import (
    CHILDREN,
    MODELS,
    delete_rows,
    differs,
    restore_over,
    restore_rows,
    row_images,
)
from onboarding.imports.models import FileTask, ImportLink, ImportRun, RowChange
from onboarding.imports.replacing import restore_links
from onboarding.imports.runs import ImportRefusedError

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Mapping, Sequence

    from onboarding.imports.progress import Progress

ORDER = (
    *("image", "document", "image_batch", "invoice", "message", "reminder", "letter", "note"),
    *("appointment", "contact_point", "patient_contact", "patient"),
    *("referrer", "appointment_type", "funding_type", "practitioner", "location"),
)
BATCH = 500
KEPT_LISTED = 1_000
EDITED = "edited since"
Images = dict["uuid.UUID", dict[str, Any]]


class LaterRunError(ImportRefusedError):
    """A later import has built on this one."""


def undo_changes(run: ImportRun, progress: Progress) -> dict[str, Any]:
    """Undo inside the caller's transaction; answers counts and what was kept, with both versions."""
    _refuse_if_built_upon(run)
    undoing = _Undoing(run, progress)
    for kind in ORDER:
        undoing.put_back(kind)
        undoing.delete_created(kind)
    undoing.bring_back()
    undoing.settle_links()
    documents = MODELS["document"]._default_manager.filter(pk=OuterRef("document_id"))
    FileTask.objects.filter(~Exists(documents), run=run).delete()
    return {
        "deleted": dict(undoing.deleted),
        "restored": dict(undoing.restored),
        "gone_already": undoing.gone,
        "kept_count": undoing.kept_count,
        "kept": undoing.kept,
    }


def _refuse_if_built_upon(run: ImportRun) -> None:
    later = (
        ImportRun.objects.filter(
            state=ImportRun.State.LOADED,
            loaded_at__gt=run.loaded_at or run.created_at,
            changes__target_id__in=RowChange.objects.filter(run=run).values("target_id"),
        )
        .exclude(pk=run.pk)
        .order_by("-loaded_at")
        .first()
    )
    if later is not None:
        raise LaterRunError(
            f"A later import ({later.source.file_name}, {later.loaded_at:%d %b %Y %H:%M} UTC) has "
            "changed the same records. Undo that one first."
        )


def _once_each(changes: Iterator[RowChange]) -> Iterator[list[RowChange]]:
    """Part changes into batches in which no row stands twice: its last change is undone first."""
    batch: dict[uuid.UUID, RowChange] = {}
    for change in changes:
        if change.target_id in batch or len(batch) == BATCH:
            yield list(batch.values())
            batch = {}
        batch[change.target_id] = change
    if batch:
        yield list(batch.values())


class _Undoing:
    def __init__(self, run: ImportRun, progress: Progress) -> None:
        self.run, self.progress = run, progress
        self.deleted: Counter[str] = Counter()
        self.restored: Counter[str] = Counter()
        self.gone = self.kept_count = 0
        self.kept: list[dict[str, Any]] = []
        self._kept_ids: set[uuid.UUID] = set()

    # ── what the run changed ──────────────────────────────────────────────────────────────────────

    def put_back(self, kind: str) -> None:
        """Restore rows that were there before, and what hung on them."""
        changes = self._changes(kind, RowChange.Action.UPDATED).order_by("-id")
        for batch in _once_each(changes.iterator(chunk_size=BATCH)):
            untouched = self._untouched(kind, batch)
            restore_over(kind, [change.before or {} for change in untouched])
            self.restored[kind] += len(untouched)
        if kind == "patient":
            self._put_back_children()

    def _put_back_children(self) -> None:
        """Undo what the run did to the phones, addresses and numbers of patients it had updated."""
        links = RowChange.objects.filter(run=self.run, target_type="link")
        places = links.exclude(before=None).values_list("table_id", "record_id")
        records: dict[int, list[int]] = {}
        for table_id, record_id in places:
            if table_id is not None and record_id is not None:
                records.setdefault(table_id, []).append(record_id)
        for table_id, ids in records.items():
            for start in range(0, len(ids), BATCH):
                self._put_back_at(table_id, ids[start : start + BATCH])

    def _put_back_at(self, table_id: int, record_ids: Sequence[int]) -> None:
        there = {"table_id": table_id, "record_id__in": record_ids}
        for kind in CHILDREN:
            made = list(self._changes(kind, RowChange.Action.CREATED).filter(**there))
            untouched = self._untouched(kind, made)
            delete_rows(kind, [change.target_id for change in untouched])
            self.deleted[kind] += len(untouched)
            gone = self._changes(kind, RowChange.Action.DELETED).filter(**there)
            self._bring_back(kind, gone)

    def _untouched(self, kind: str, changes: Sequence[RowChange]) -> list[RowChange]:
        """Answer the changes whose rows are as the run had left them; list those people edited."""
        images = row_images(kind, [change.target_id for change in changes])
        untouched = []
        for change in changes:
            current = images.get(change.target_id)
            if current is None:
                self.gone += 1
            elif differs(kind, current, change.after or {}):
                self._keep(kind, change.target_id, EDITED, change.after, current)
            else:
                untouched.append(change)
        return untouched

    # ── what the run made ─────────────────────────────────────────────────────────────────────────

    def delete_created(self, kind: str) -> None:
        if kind == "patient":
            _ = self._robbed  # asked before the first child is deleted
        for batch in self._created(kind):
            loaded = {change.target_id: change.after for change in batch}
            current = row_images(kind, list(loaded))
            self.gone += len(batch) - len(current)
            keep = {
                row_id: EDITED
                for row_id, image in current.items()
                if differs(kind, image, loaded[row_id] or {})
            }
            if kind == "patient":
                keep |= self._worked_on(current)
            for row_id, why in self._still_needed(kind, list(current)).items():
                keep.setdefault(row_id, why)
            for row_id, why in keep.items():
                self._keep(kind, row_id, why, loaded[row_id], current[row_id])
            going = [row_id for row_id in current if row_id not in keep]
            if kind == "patient":
                self._delete_children_of(going)
            delete_rows(kind, going)
            self.deleted[kind] += len(going)
            self.progress.advance(len(batch))

    def _created(self, kind: str) -> Iterator[list[RowChange]]:
        """Answer what the run made, in batches of one query: a cursor reads each row once."""
        rows = self._changes(kind, RowChange.Action.CREATED).order_by().iterator(chunk_size=BATCH)
        while batch := list(islice(rows, BATCH)):
            yield batch

    def _worked_on(self, patients: Mapping[uuid.UUID, Any]) -> dict[uuid.UUID, str]:
        """Patients whose phones, addresses or numbers were added to, edited or removed since."""
        touched = dict.fromkeys(self._robbed & patients.keys(), EDITED)
        for kind in CHILDREN:
            images = row_images(kind, self._children_of(kind, patients))
            made = self._changes(kind, RowChange.Action.CREATED).filter(target_id__in=list(images))
            loaded = dict(made.values_list("target_id", "after"))
            for row_id, image in images.items():
                if row_id not in loaded or differs(kind, image, loaded[row_id]):
                    touched[UUID(image["patient_id"])] = EDITED
        return touched

    @cached_property
    def _robbed(self) -> set[uuid.UUID]:
        """Patients of whom something the run had brought was deleted since; asked once, before."""
        robbed: set[uuid.UUID] = set()
        for kind in CHILDREN:
            there = MODELS[kind]._default_manager.filter(pk=OuterRef("target_id"))
            gone = self._changes(kind, RowChange.Action.CREATED).filter(~Exists(there))
            robbed.update(
                UUID(after["patient_id"]) for after in gone.values_list("after", flat=True)
            )
        return robbed

    @staticmethod
    def _children_of(kind: str, patients: Mapping[uuid.UUID, Any]) -> list[uuid.UUID]:
        rows = MODELS[kind]._default_manager.filter(patient_id__in=list(patients))
        return list(rows.values_list("pk", flat=True))

    def _still_needed(self, kind: str, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
        """Rows that something outside the run refers to."""
        needed: dict[uuid.UUID, str] = {}
        children = {MODELS[child] for child in CHILDREN} if kind == "patient" else set()
        for relation in MODELS[kind]._meta.related_objects:
            model = relation.related_model
            if model in children or isinstance(model, str) or getattr(model, "is_derived", False):
                continue
            column = relation.field.attname
            label = str(model._meta.verbose_name)
            found = model._default_manager.filter(**{f"{column}__in": list(ids)})
            for row_id in found.values_list(column, flat=True).distinct():
                needed[row_id] = f"still needed by: {label}"
        return needed

    def _delete_children_of(self, patients: Sequence[uuid.UUID]) -> None:
        for kind in CHILDREN:
            with connection.cursor() as cursor:
                cursor.execute(
                    f'DELETE FROM "{MODELS[kind]._meta.db_table}" '  # noqa: S608 - our own tables
                    "WHERE patient_id = ANY(%s::uuid[])",
                    [list(patients)],
                )
                self.deleted[kind] += cursor.rowcount

    # ── what the run took away ────────────────────────────────────────────────────────────────────

    def bring_back(self) -> None:
        """Put back what a full re-import had removed: patients first, what hangs on them last."""
        for kind in (*reversed(list(MODELS)), *CHILDREN):
            if kind in CHILDREN:
                continue
            self._bring_back(kind, self._changes(kind, RowChange.Action.DELETED))
        for kind in CHILDREN:
            changes = self._changes(kind, RowChange.Action.DELETED).filter(table_id=None)
            self._bring_back(kind, changes)

    def _bring_back(self, kind: str, changes: Any) -> None:
        rows = changes.order_by().iterator(chunk_size=BATCH)
        while batch := list(islice(rows, BATCH)):
            there = row_images(kind, [change.target_id for change in batch])
            wanted = [change.before for change in batch if change.target_id not in there]
            if kind in CHILDREN:
                owners = {UUID(image["patient_id"]) for image in wanted}
                known = set(row_images("patient", list(owners)))
                wanted = [image for image in wanted if UUID(image["patient_id"]) in known]
            restore_rows(kind, wanted)
            self.restored[kind] += len(wanted)

    # ── the links ─────────────────────────────────────────────────────────────────────────────────

    def settle_links(self) -> None:
        """Forget what the run linked, except rows that stay: they must not be doubled next time."""
        links = ImportLink.objects.filter(run=self.run).exclude(target_id__in=self._kept_ids)
        links._raw_delete(links.db)  # noqa: SLF001 - nothing refers to a link: no rows are fetched first
        for change in self._changes("link", RowChange.Action.UPDATED):
            link = ImportLink.objects.filter(pk=change.target_id).first()
            if link is not None and link.target_id not in self._kept_ids:
                for name, value in change.before.items():
                    setattr(link, name, value)
                link.save()
        restore_links(self.run)

    def _changes(self, kind: str, action: str) -> Any:
        return RowChange.objects.filter(run=self.run, target_type=kind, action=action)

    def _keep(self, kind: str, row_id: uuid.UUID, why: str, loaded: Any, now: Any) -> None:
        self._kept_ids.add(row_id)
        self.kept_count += 1
        if len(self.kept) < KEPT_LISTED:
            self.kept.append(
                {"kind": kind, "id": str(row_id), "why": why, "loaded": loaded, "now": now}
            )
