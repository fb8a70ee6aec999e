"""A loaded run held against its file again, a day or a year later: what differs since, and why.

The file is uploaded anew if it has been deleted meanwhile, and read like any other; then each record is
compared by its FileMaker id. Nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from audit.services import record as record_event
from onboarding.imports.columns import column_accounts, differing
from onboarding.imports.loading.merging import last_loaded
from onboarding.imports.loading.writing import MODELS, row_images, volatile
from onboarding.imports.mapping import MappingSpec
from onboarding.imports.models import ImportLink, ImportRun, ImportSource, Verification
from onboarding.imports.payload import by_field
from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.structure import Structure, label_of
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Mapping, Sequence

    from tenants.models import Tenant
    from tenants.scope import Actor

__all__ = [
    "VerificationError",
    "fail_verification",
    "files_to_compare",
    "request_verification",
    "verify",
]
BATCH = 500
LISTED = 100
SAME, CHANGED, MISSING, NEW = (
    "same",
    "changed in the file",
    "no longer in the file",
    "new in the file",
)
EDITED, DELETED = "edited in Nexus", "deleted in Nexus"
KNOWN = "set aside or left out by the import"


class VerificationError(ImportRefusedError):
    """The run cannot be compared with this file; the message is for a person."""


def files_to_compare(run: ImportRun) -> list[ImportSource]:
    """Answer the files that have been read and hold the same solution, newest first."""
    staged = ImportSource.objects.filter(state=ImportSource.State.STAGED)
    return (
        list(staged.filter(key=run.source.key).defer("structure", "profile"))
        if run.source.key
        else []
    )


def request_verification(run: ImportRun, source: ImportSource, *, actor: Actor) -> Verification:
    """Note that a comparison is wanted; the caller sends the task. Raises VerificationError."""
    if run.loaded_at is None or run.state == ImportRun.State.UNDONE:
        raise VerificationError("Only an import that is loaded can be compared with a file.")
    if source.state != ImportSource.State.STAGED or source.key != run.source.key:
        raise VerificationError(
            "This is not a file of the same FileMaker solution, or it has not been read yet. Upload "
            "the file, wait until it is read, and choose it here."
        )
    return Verification.objects.create(run=run, source=source, asked_by=actor.label)


def verify(tenant: Tenant, verification_id: uuid.UUID, *, actor: Actor) -> Verification:
    """Compare; what was found is kept with the verification. Reads only."""
    with tenant_scope(tenant, actor=actor):
        verification = Verification.objects.select_related(
            "run__source", "run__mapping", "source"
        ).get(pk=verification_id)
        if verification.state != Verification.State.WAITING:
            return verification
        verification.report = _Comparison(verification).report()
        verification.state, verification.ended_at = Verification.State.DONE, datetime.now(UTC)
        verification.save(update_fields=["report", "state", "ended_at"])
        record_event(
            "import.verify",
            object_type="imports_importrun",
            object_id=str(verification.run_id),
            payload={"agrees": verification.report["agrees"]},
        )
    return verification


def fail_verification(tenant: Tenant, verification_id: uuid.UUID, kind: str) -> None:
    """Leave the comparison stopped, in words, so that it can be asked for again."""
    with tenant_scope(tenant):
        Verification.objects.filter(pk=verification_id).update(
            state=Verification.State.FAILED,
            error=f"The comparison stopped ({kind}). Nothing was changed; try again.",
        )


@dataclass
class TableFindings:
    """What one table came to; `examples` are lines for people, without values."""

    name: str
    counts: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def add(self, what: str, record_id: int, **more: Any) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
        if what != KNOWN and len(self.examples) < LISTED:
            self.examples.append({"what": what, "record": record_id, **more})


class _Comparison:
    def __init__(self, verification: Verification) -> None:
        self.run, self.source = verification.run, verification.source
        self.structure = Structure.from_json(self.source.structure)
        self.tables: dict[int, TableFindings] = {}

    def report(self) -> dict[str, Any]:
        assert self.run.mapping is not None  # noqa: S101 - a loaded run has one
        spec = MappingSpec.from_json(self.run.mapping.spec)
        for rule in spec.tables:
            if rule.entity:
                table = self.structure.table(rule.table_id)
                name = table.name if table else f"Table {rule.table_id}"
                self.tables[rule.table_id] = TableFindings(name)
                self._compare_with_file(rule.table_id)
                self._compare_with_nexus(rule.table_id)
        columns = column_accounts(self.source, spec, self.structure)
        tables: list[dict[str, Any]] = [
            {
                "id": table_id,
                "name": found.name,
                "counts": found.counts,
                "examples": found.examples,
                "columns": columns.get(table_id, []),
                "differing": differing(columns.get(table_id, [])),
            }
            for table_id, found in self.tables.items()
        ]
        first = self.run.source
        return {
            "file": self.source.file_name,
            "sha256": self.source.sha256,
            "same_file": bool(first.sha256) and first.sha256 == self.source.sha256,
            "tables": tables,
            "agrees": all(set(t["counts"]) <= {SAME, KNOWN} for t in tables),
        }

    def _compare_with_file(self, table_id: int) -> None:
        found = self.tables[table_id]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(s.record_id, l.record_id), s.id IS NOT NULL, l.id IS NOT NULL, "
                "s.payload_hash = l.payload_hash, l.target_id, EXISTS (SELECT FROM "
                "imports_rowresult AS r WHERE r.run_id = %s AND NOT r.dry "
                "AND r.table_id = s.table_id AND r.record_id = s.record_id) "
                "FROM (SELECT * FROM imports_stagedrecord WHERE source_id = %s AND table_id = %s) AS s "
                "FULL JOIN (SELECT * FROM imports_importlink WHERE source_key = %s AND table_id = %s) "
                "AS l ON l.record_id = s.record_id ORDER BY 1",
                [self.run.pk, self.source.pk, table_id, self.run.source.key, table_id],
            )
            changed: list[tuple[int, Any]] = []
            for record_id, in_file, here, same, target_id, known in cursor.fetchall():
                if in_file and here and same:
                    found.counts[SAME] = found.counts.get(SAME, 0) + 1
                elif in_file and here:
                    changed.append((record_id, target_id))
                elif here:
                    found.add(MISSING, record_id, target=str(target_id))
                else:
                    found.add(KNOWN if known else NEW, record_id)
        for record_id, target_id in changed:
            fields = (
                self._changed_fields(table_id, record_id) if len(found.examples) < LISTED else []
            )
            found.add(CHANGED, record_id, target=str(target_id), fields=fields)

    def _changed_fields(self, table_id: int, record_id: int) -> list[str]:
        """Name the fields whose text differs; never the texts."""
        table = self.structure.table(table_id)
        where = {"table_id": table_id, "record_id": record_id}
        link = ImportLink.objects.filter(source_key=self.run.source.key, **where).first()
        staged = self.source.records.filter(**where).first()
        if link is None or staged is None or table is None:
            return []
        then, now = by_field(link.raw), by_field(staged.payload)
        return [
            label_of(table.fields, field_id)
            for field_id in sorted(then.keys() | now.keys())
            if then.get(field_id) != now.get(field_id)
        ]

    def _compare_with_nexus(self, table_id: int) -> None:
        found = self.tables[table_id]
        for batch in self._links(table_id):
            ids = [link.target_id for link in batch]
            loaded = last_loaded(ids)
            images = row_images(batch[0].target_type, ids)
            for link in batch:
                image, was = images.get(link.target_id), loaded.get(link.target_id)
                if image is None:
                    found.add(DELETED, link.record_id)
                elif was is not None and (names := _changed_columns(link.target_type, image, was)):
                    found.add(EDITED, link.record_id, target=str(link.target_id), fields=names)

    def _links(self, table_id: int) -> Iterator[Sequence[ImportLink]]:
        wanted = ImportLink.objects.filter(source_key=self.run.source.key, table_id=table_id)
        last = -1
        while True:
            batch = list(
                wanted.filter(record_id__gt=last, target_type__in=list(MODELS))
                .order_by("record_id")
                .only("record_id", "target_id", "target_type")[:BATCH]
            )
            if not batch:
                return
            last = batch[-1].record_id
            yield batch


def _changed_columns(kind: str, image: Mapping[str, Any], was: Mapping[str, Any]) -> list[str]:
    machine = volatile(kind)
    return sorted(
        name.removesuffix("_id").replace("_", " ")
        for name in image.keys() & was.keys()
        if name not in machine and image[name] != was[name]
    )
