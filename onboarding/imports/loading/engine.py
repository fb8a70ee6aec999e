"""Loads one run: configuration, patients, appointments, each table in batches, one transaction.

One transaction for the whole load, because a clinic must never see half an import: whatever ends it
leaves the clinic as it was, a dry run is the same work rolled back, and nothing has to be repaired.
It takes no lock that keeps others from working: it only adds rows and touches its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import DataError, IntegrityError, connection, transaction

from onboarding.imports.loading.building import BLANK, BUILDERS, Built, Refused, Workshop
from onboarding.imports.loading.ledger import (
    CREATED,
    QUARANTINED,
    SKIPPED,
    UNCHANGED,
    UPDATED,
    Ledger,
)
from onboarding.imports.loading.merging import Merge
from onboarding.imports.loading.reading import RecordReader
from onboarding.imports.loading.references import References
from onboarding.imports.loading.writing import CHILDREN, MODELS, Writer
from onboarding.imports.models import ImportLink, RowChange, StagedRecord
from onboarding.imports.structure import Structure
from onboarding.imports.targets import ENTITIES
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Sequence

    from onboarding.imports.loading.reading import ReadRecord
    from onboarding.imports.mapping import MappingSpec, TableRule
    from onboarding.imports.models import ImportRun
    from onboarding.imports.progress import Progress

BATCH = 500
CONFIGURATION = frozenset({"location", "practitioner", "appointment_type", "funding_type"})


@dataclass(slots=True)
class _Fresh:
    """A record that becomes a new row."""

    staged: StagedRecord
    record: ReadRecord
    built: Built
    row_id: uuid.UUID


class Loader:
    """Does the work of one load inside the caller's scope and transaction."""

    def __init__(
        self,
        run: ImportRun,
        spec: MappingSpec,
        ledger: Ledger,
        progress: Progress,
        *,
        dry: bool,
        now: datetime | None = None,
    ) -> None:
        self.run, self.spec, self.ledger, self.progress = run, spec, ledger, progress
        self.source = run.source
        self.structure = Structure.from_json(self.source.structure)
        self.now = now or datetime.now(UTC)
        self.writer = Writer(run, dry=dry)
        self.references = References(self.source, spec, self.writer)
        self._shop = Workshop(self.references, spec.options, self.now)

    def load(self) -> None:
        """Load every table in the order in which they refer to each other."""
        rules = {rule.table_id: rule for rule in self.spec.tables if rule.entity}
        profiles = {p["id"]: p for p in self.source.profile.get("tables", ())}
        for table in self.structure.tables:
            profile = profiles.get(table.id, {})
            rule = rules.get(table.id)
            account = self.ledger.open_table(
                table.id, table.name, rule.entity if rule else "", profile.get("source", 0)
            )
            lost = profile.get("lost", 0)
            if lost:
                account.add(QUARANTINED, "Lost in a damaged part of the file.", lost)
            if rule is None:
                account.add(SKIPPED, "This table is not taken over.", profile.get("records", 0))
        for rule in sorted(rules.values(), key=lambda r: ENTITIES[r.entity].order):
            self._load_table(rule, int(profiles.get(rule.table_id, {}).get("records", 0)))
        connection.check_constraints()

    def _load_table(self, rule: TableRule, records: int) -> None:
        table = self.structure.table(rule.table_id)
        if table is None:
            return
        today = self.now.astimezone(ZoneInfo(self.spec.options.time_zone)).date()
        reader = RecordReader(table, rule, self.spec.options, today)
        self.references.begin_table(rule)
        with self.progress.phase(f"Load {ENTITIES[rule.entity].plural.lower()}", records) as line:
            for batch in self._staged(rule.table_id):
                self._load_batch(rule, reader, batch)
                self.progress.advance(len(batch))
            line.errors = self.ledger.tables[rule.table_id].counts[QUARANTINED]

    def _staged(self, table_id: int) -> Iterator[list[StagedRecord]]:
        last = -1
        while True:
            batch = list(
                StagedRecord.objects.filter(
                    source=self.source, table_id=table_id, record_id__gt=last
                ).order_by("record_id")[:BATCH]
            )
            if not batch:
                return
            last = batch[-1].record_id
            yield batch

    def _load_batch(
        self, rule: TableRule, reader: RecordReader, batch: Sequence[StagedRecord]
    ) -> None:
        rule_hash = self.spec.rule_hash(rule)
        links = {
            link.record_id: link
            for link in ImportLink.objects.filter(
                source_key=self.source.key,
                table_id=rule.table_id,
                record_id__in=[staged.record_id for staged in batch],
            ).defer("raw")
        }
        there = self._still_there(rule.entity, links.values())
        fresh: list[_Fresh] = []
        for staged in batch:
            link = links.get(staged.record_id)
            if link is None:
                self._prepare(rule, reader, staged, fresh)
            elif link.target_id not in there:
                self._take(rule, staged, SKIPPED, reason="Deleted here since the last import.")
            elif link.payload_hash == staged.payload_hash and link.rule_hash == rule_hash:
                self._take(rule, staged, UNCHANGED, target_id=link.target_id)
            else:
                self._renew(rule, reader, staged, link, rule_hash)
        self._create(rule, fresh, rule_hash)

    def _still_there(self, entity: str, links: Any) -> set[uuid.UUID]:
        ids = [link.target_id for link in links]
        return set(MODELS[entity]._default_manager.filter(pk__in=ids).values_list("pk", flat=True))

    def _build(
        self, rule: TableRule, reader: RecordReader, staged: StagedRecord
    ) -> tuple[ReadRecord, Built | Refused]:
        record = reader.read(staged.record_id, staged.payload)
        if record.blank:
            return record, BLANK
        return record, BUILDERS[rule.entity](record, self._shop)

    def _prepare(
        self, rule: TableRule, reader: RecordReader, staged: StagedRecord, fresh: list[_Fresh]
    ) -> None:
        record, built = self._build(rule, reader, staged)
        if isinstance(built, Refused):
            self._take(rule, staged, built.outcome, reason=built.reason, record=record)
            return
        if rule.entity in CONFIGURATION and self._adopt(rule, staged, record, built):
            return
        fresh.append(_Fresh(staged, record, built, uuid7()))

    def _adopt(
        self, rule: TableRule, staged: StagedRecord, record: ReadRecord, built: Built
    ) -> bool:
        """Link to a clinic, clinician or type that already has the name instead of doubling it."""
        known = self.references.existing(rule.entity, built.name)
        if (
            known is None
            or ImportLink.objects.filter(
                source_key=self.source.key, table_id=rule.table_id, target_id=known
            ).exists()
        ):
            return False
        self._link(rule, [(staged, known)], self.spec.rule_hash(rule))
        self._take(
            rule,
            staged,
            UNCHANGED,
            reason="Already here under this name: left as it is.",
            record=record,
            target_id=known,
        )
        return True

    def _create(self, rule: TableRule, fresh: list[_Fresh], rule_hash: str) -> None:
        if not fresh:
            return
        try:
            with transaction.atomic():
                self._insert(rule, fresh, rule_hash)
        except (IntegrityError, DataError):
            self._create_one_by_one(rule, fresh, rule_hash)
            return
        for item in fresh:
            self._take(rule, item.staged, CREATED, record=item.record, target_id=item.row_id)
            if item.built.name:
                self.references.add_name(rule.entity, item.built.name, item.row_id)

    def _create_one_by_one(self, rule: TableRule, fresh: list[_Fresh], rule_hash: str) -> None:
        """Find the records the database refuses; the others of the batch are loaded all the same."""
        for item in fresh:
            try:
                with transaction.atomic():
                    self._insert(rule, [item], rule_hash)
            except (IntegrityError, DataError) as error:
                reason = f"The database refused it ({_constraint(error)})."
                self._take(rule, item.staged, QUARANTINED, reason=reason, record=item.record)
                continue
            self._take(rule, item.staged, CREATED, record=item.record, target_id=item.row_id)
            if item.built.name:
                self.references.add_name(rule.entity, item.built.name, item.row_id)

    def _insert(self, rule: TableRule, fresh: Sequence[_Fresh], rule_hash: str) -> None:
        places = [(rule.table_id, item.staged.record_id) for item in fresh]
        self.writer.insert(
            rule.entity, [{**item.built.main, "id": item.row_id} for item in fresh], places
        )
        for kind in CHILDREN:
            rows, homes = [], []
            for item, place in zip(fresh, places, strict=True):
                for row in item.built.children.get(kind, ()):
                    rows.append({**row, "id": uuid7(), "patient_id": item.row_id})
                    homes.append(place)
            self.writer.insert(kind, rows, homes)
        self._link(rule, [(item.staged, item.row_id) for item in fresh], rule_hash)

    def _link(
        self, rule: TableRule, pairs: Sequence[tuple[StagedRecord, uuid.UUID]], rule_hash: str
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO imports_importlink (id, source_key, table_id, record_id, target_type, "
                "target_id, payload_hash, rule_hash, modification_count, raw, run_id) "
                "SELECT p.id, %s, s.table_id, s.record_id, %s, p.target_id, s.payload_hash, %s, "
                "s.modification_count, s.payload, %s "
                "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS p (id, staged_id, target_id) "
                "JOIN imports_stagedrecord AS s ON s.id = p.staged_id",
                [
                    self.source.key,
                    rule.entity,
                    rule_hash,
                    self.run.pk,
                    [uuid7() for _ in pairs],
                    [staged.pk for staged, _ in pairs],
                    [target_id for _, target_id in pairs],
                ],
            )

    def _renew(
        self,
        rule: TableRule,
        reader: RecordReader,
        staged: StagedRecord,
        link: ImportLink,
        rule_hash: str,
    ) -> None:
        record, built = self._build(rule, reader, staged)
        if isinstance(built, Refused):
            reason = f"{built.reason} The earlier record stays as it is."
            self._take(rule, staged, built.outcome, reason=reason, record=record)
            return
        place = (rule.table_id, staged.record_id)
        merge = Merge(self.writer, rule.entity, link.target_id, record, place)
        changed = merge.bring_up(built)
        self._relink(staged, link, rule_hash)
        outcome = UPDATED if changed else UNCHANGED
        self._take(rule, staged, outcome, record=record, target_id=link.target_id)

    def _relink(self, staged: StagedRecord, link: ImportLink, rule_hash: str) -> None:
        """Remember the record's new text; the link as it was is kept for undoing."""
        RowChange.objects.create(
            run=self.run,
            table_id=link.table_id,
            record_id=link.record_id,
            target_type="link",
            target_id=link.pk,
            action=RowChange.Action.UPDATED,
            before={
                "payload_hash": link.payload_hash,
                "rule_hash": link.rule_hash,
                "modification_count": link.modification_count,
                "raw": link.raw,
            },
        )
        link.payload_hash, link.rule_hash = staged.payload_hash, rule_hash
        link.modification_count, link.raw = staged.modification_count, staged.payload
        link.save()

    def _take(
        self,
        rule: TableRule,
        staged: StagedRecord,
        outcome: str,
        *,
        reason: str = "",
        record: ReadRecord | None = None,
        target_id: object = None,
    ) -> None:
        self.ledger.take(
            rule.table_id,
            staged.record_id,
            outcome,
            reason=reason,
            issues=record.issues if record else (),
            target_id=target_id,
        )


def _constraint(error: BaseException) -> str:
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or type(error).__name__
