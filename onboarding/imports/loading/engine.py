"""Loads one run: each table in the order in which they refer to each other, in one transaction.

One transaction for the whole load, because a clinic must never see half an import: whatever ends it
leaves the clinic as it was, a dry run is the same work rolled back, and nothing has to be repaired.
It takes no lock that keeps others from working: it only adds rows and touches its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import DataError, IntegrityError, connection, transaction

from onboarding.imports.corrections import Corrections
from onboarding.imports.loading.batches import Batches
from onboarding.imports.loading.building import BLANK, BUILDERS, Built, Refused, Workshop
from onboarding.imports.loading.deciding import SetAsideError
from onboarding.imports.loading.file_tasks import FILES, FileTasks
from onboarding.imports.loading.invoice_lines import InvoiceLines
from onboarding.imports.loading.ledger import (
    CREATED,
    QUARANTINED,
    SKIPPED,
    UNCHANGED,
    UPDATED,
    Ledger,
)
from onboarding.imports.loading.merged_people import MergedPersonMerge, people_made_of_two
from onboarding.imports.loading.merging import Merge
from onboarding.imports.loading.reading import RecordReader
from onboarding.imports.loading.references import References
from onboarding.imports.loading.writing import CHILDREN, MODELS, Writer
from onboarding.imports.models import ImportLink, RowChange, StagedRecord
from onboarding.imports.phases import CONFIGURATION as CONFIGURATION_PHASE
from onboarding.imports.phases import phase_of
from onboarding.imports.replacing import Replacement
from onboarding.imports.structure import Structure
from onboarding.imports.targets import ENTITIES, INVOICE_LINE, PATIENT
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from onboarding.imports.loading.reading import ReadRecord
    from onboarding.imports.mapping import MappingSpec, TableRule
    from onboarding.imports.models import ImportRun
    from onboarding.imports.progress import Progress

BATCH = 500
CONFIGURATION = frozenset(
    {"location", "practitioner", "appointment_type", "funding_type", "referrer"}
)
"""What is taken for the same where the name is the same, and never doubled."""


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
        self.corrections = Corrections(self.source.key)
        self.replacement = Replacement(run, self.writer) if self.writer.replaces else None
        self._batches = Batches(self.source, self.writer)
        self._shop = Workshop(self.references, spec.options, self.now, self._batches)
        self._files = FileTasks(run)
        self._invoice_lines = InvoiceLines(self.references, self.writer)
        self._former: dict[int, uuid.UUID] = {}
        """In a full re-import: the ids that the batch's records had before."""

    def load(self, make_room: Callable[[], None] | None = None) -> None:
        """Load every table in the order in which they refer to each other.

        `make_room` is called once, when configuration is there and before the first other record.
        """
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
                reason = "Lost in a damaged part of the file."
                if self.source.is_live:
                    reason = "The server counted it and never sent it."
                account.add(QUARANTINED, reason, lost)
            if rule is None:
                account.add(SKIPPED, "This table is not taken over.", profile.get("records", 0))
        in_order = sorted(rules.values(), key=lambda r: ENTITIES[r.entity].order)
        counts = {r.table_id: int(profiles.get(r.table_id, {}).get("records", 0)) for r in in_order}
        self.progress.expect(sum(counts.values()))
        for rule in in_order:
            if make_room is not None and phase_of(rule.entity) > CONFIGURATION_PHASE:
                make_room()
                make_room = None
            self._load_table(rule, counts[rule.table_id])
        if make_room is not None:
            make_room()
        if self.replacement is not None:
            self.replacement.sweep()
        connection.check_constraints()

    def mend(self, records: Mapping[int, Sequence[int]]) -> None:
        """Load only these records (ids by table), which an earlier load had set aside."""
        rules = [rule for rule in self.spec.tables if rule.entity and rule.table_id in records]
        self.progress.expect(sum(len(ids) for ids in records.values()))
        for rule in sorted(rules, key=lambda r: ENTITIES[r.entity].order):
            table, ids = self.structure.table(rule.table_id), records[rule.table_id]
            name = table.name if table else str(rule.table_id)
            self.ledger.open_table(rule.table_id, name, rule.entity, len(ids))
            self._load_table(rule, len(ids), only=ids)
        connection.check_constraints()

    def _load_table(
        self, rule: TableRule, records: int, *, only: Sequence[int] | None = None
    ) -> None:
        table = self.structure.table(rule.table_id)
        if table is None:
            return
        today = self.now.astimezone(ZoneInfo(self.spec.options.time_zone)).date()
        reader = RecordReader(table, rule, self.spec.options, today)
        self.references.begin_table(rule)
        self._batches.begin_table(table, rule)
        name, number = f"Load {ENTITIES[rule.entity].plural.lower()}", phase_of(rule.entity)
        with self.progress.phase(name, records, number=number) as line:
            load = self._load_lines if rule.entity == INVOICE_LINE else self._load_batch
            for batch in self._staged(rule.table_id, only):
                load(rule, reader, batch)
                self.progress.advance(len(batch))
            line.errors = self.ledger.tables[rule.table_id].counts[QUARANTINED]

    def _staged(
        self, table_id: int, only: Sequence[int] | None = None
    ) -> Iterator[list[StagedRecord]]:
        last = -1 << 63
        wanted = StagedRecord.objects.filter(source=self.source, table_id=table_id)
        if only is not None:
            wanted = wanted.filter(record_id__in=only)
        while True:
            batch = list(wanted.filter(record_id__gt=last).order_by("record_id")[:BATCH])
            if not batch:
                return
            last = batch[-1].record_id
            yield batch

    def _load_lines(
        self, rule: TableRule, reader: RecordReader, batch: Sequence[StagedRecord]
    ) -> None:
        """Add the lines of a batch to their invoices; a line's link names its invoice."""
        rule_hash = self.spec.rule_hash(rule)
        links = self._links(rule, batch)
        there = self._still_there(rule.entity, links.values())
        self.corrections.open_batch(rule.table_id, [staged.record_id for staged in batch])
        fresh: list[tuple[StagedRecord, uuid.UUID]] = []
        for staged in batch:
            link = links.get(staged.record_id)
            if reason := self.corrections.left_out(staged):
                self._take(rule, staged, SKIPPED, reason=reason)
            elif link is not None and link.target_id not in there:
                self._take(rule, staged, SKIPPED, reason="Deleted here since the last import.")
            elif link is not None and _is_same(staged, link, rule_hash):
                self._take(rule, staged, UNCHANGED, target_id=link.target_id)
            else:
                self._load_line(rule, reader, staged, link, fresh)
        self._invoice_lines.write(rule.table_id)
        self._link(rule, fresh, rule_hash)

    def _load_line(
        self,
        rule: TableRule,
        reader: RecordReader,
        staged: StagedRecord,
        link: ImportLink | None,
        fresh: list[tuple[StagedRecord, uuid.UUID]],
    ) -> None:
        record = reader.read(staged.record_id, self.corrections.corrected(staged))
        if not record.blank:
            self.corrections.settle(staged, record)
        invoice = self._invoice_lines.invoice_of(record)
        if isinstance(invoice, tuple):
            outcome, reason = invoice
            stays = " The earlier line stays as it is." if link else ""
            self._take(rule, staged, outcome, reason=f"{reason}{stays}", record=record)
            return
        place = (rule.table_id, staged.record_id)
        self._invoice_lines.add(invoice, place, record)
        if link is None:
            fresh.append((staged, invoice))
            self._take(rule, staged, CREATED, record=record, target_id=invoice)
            return
        if link.target_id != invoice:
            self._invoice_lines.take_from(link.target_id, place)
            link.target_id = invoice
        self._relink(staged, link, self.spec.rule_hash(rule))
        self._take(rule, staged, UPDATED, record=record, target_id=invoice)

    def _links(self, rule: TableRule, batch: Sequence[StagedRecord]) -> dict[int, ImportLink]:
        links = ImportLink.objects.filter(
            source_key=self.source.key,
            table_id=rule.table_id,
            record_id__in=[staged.record_id for staged in batch],
        ).defer("raw")
        return {link.record_id: link for link in links}

    def _load_batch(
        self, rule: TableRule, reader: RecordReader, batch: Sequence[StagedRecord]
    ) -> None:
        rule_hash = self.spec.rule_hash(rule)
        links = self._links(rule, batch)
        there = self._still_there(rule.entity, links.values())
        ids = [staged.record_id for staged in batch]
        self.corrections.open_batch(rule.table_id, ids)
        self._former = self.replacement.ids_of(rule.table_id, ids) if self.replacement else {}
        fresh: list[_Fresh] = []
        unchanged: list[tuple[StagedRecord, uuid.UUID]] = []
        for staged in batch:
            link = links.get(staged.record_id)
            if reason := self.corrections.left_out(staged):
                self._take(rule, staged, SKIPPED, reason=reason)
            elif link is None:
                self._prepare(rule, reader, staged, fresh)
            elif link.target_id not in there:
                self._take(rule, staged, SKIPPED, reason="Deleted here since the last import.")
            elif _is_same(staged, link, rule_hash):
                unchanged.append((staged, link.target_id))
                self._take(rule, staged, UNCHANGED, target_id=link.target_id)
            else:
                self._renew(rule, reader, staged, link, rule_hash)
        self._create(rule, fresh, rule_hash)
        if rule.entity in FILES:
            self._files.want_what_is_missing(rule, unchanged)
            self._files.write()

    def _still_there(self, entity: str, links: Any) -> set[uuid.UUID]:
        ids = [link.target_id for link in links]
        return set(MODELS[entity]._default_manager.filter(pk__in=ids).values_list("pk", flat=True))

    def _build(
        self, rule: TableRule, reader: RecordReader, staged: StagedRecord
    ) -> tuple[ReadRecord, Built | Refused]:
        record = reader.read(staged.record_id, self.corrections.corrected(staged))
        if record.blank:
            return record, BLANK
        self.corrections.settle(staged, record)
        try:
            built = BUILDERS[rule.entity](record, self._shop)
            return record, self.references.decided.heed(rule.entity, built)
        except SetAsideError as choice:
            return record, Refused(choice.outcome, str(choice))

    def _prepare(
        self, rule: TableRule, reader: RecordReader, staged: StagedRecord, fresh: list[_Fresh]
    ) -> None:
        record, built = self._build(rule, reader, staged)
        if isinstance(built, Refused):
            self._take(rule, staged, built.outcome, reason=built.reason, record=record)
            return
        if rule.entity in CONFIGURATION and self._adopt(rule, staged, record, built):
            return
        row_id = self._former.get(staged.record_id) or uuid7()
        fresh.append(_Fresh(staged, record, built, row_id))

    def _adopt(
        self, rule: TableRule, staged: StagedRecord, record: ReadRecord, built: Built
    ) -> bool:
        """Link to a clinic, clinician or type that already has the name instead of doubling it."""
        references = self.references
        decision = references.decided.of_name(rule.entity, built.name)
        matched = references.matched(rule.entity, decision)
        known = matched or references.existing(rule.entity, built.name)
        if known is None or (
            matched is None
            and ImportLink.objects.filter(
                source_key=self.source.key, table_id=rule.table_id, target_id=known
            ).exists()
        ):
            return False
        self._link(rule, [(staged, known)], self.spec.rule_hash(rule))
        self._take(
            rule,
            staged,
            UNCHANGED,
            reason="Matched with one that is here, as decided."
            if matched
            else "Already here under this name: left as it is.",
            record=record,
            target_id=known,
        )
        return True

    def _create(self, rule: TableRule, fresh: list[_Fresh], rule_hash: str) -> None:
        if not fresh:
            return
        self._batches.write()
        try:
            with transaction.atomic():
                self._insert(rule, fresh, rule_hash)
        except (IntegrityError, DataError):
            self._create_one_by_one(rule, fresh, rule_hash)
            return
        for item in fresh:
            outcome = self.writer.outcomes.pop(item.row_id, CREATED)
            self._take(rule, item.staged, outcome, record=item.record, target_id=item.row_id)
            self._files.want(item.row_id, item.staged, item.built)
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
            outcome = self.writer.outcomes.pop(item.row_id, CREATED)
            self._take(rule, item.staged, outcome, record=item.record, target_id=item.row_id)
            self._files.want(item.row_id, item.staged, item.built)
            if item.built.name:
                self.references.add_name(rule.entity, item.built.name, item.row_id)

    def _insert(self, rule: TableRule, fresh: Sequence[_Fresh], rule_hash: str) -> None:
        places = [(rule.table_id, item.staged.record_id) for item in fresh]
        rows = [{**item.built.main, **item.built.at_first, "id": item.row_id} for item in fresh]
        self.writer.insert(rule.entity, rows, places)
        for kind in CHILDREN:
            children, homes = [], []
            for item, place in zip(fresh, places, strict=True):
                for row in item.built.children.get(kind, ()):
                    children.append({**row, "id": uuid7(), "patient_id": item.row_id})
                    homes.append(place)
            self.writer.insert(kind, children, homes)
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
        self._batches.write()
        place = (rule.table_id, staged.record_id)
        merge = self._merge_of(rule, reader, link, record=record, place=place, rule_hash=rule_hash)
        changed = merge.bring_up(built)
        self._files.want_if_changed(link.target_id, staged, link, built)
        self._relink(staged, link, rule_hash)
        outcome = UPDATED if changed else UNCHANGED
        self._take(rule, staged, outcome, record=record, target_id=link.target_id)

    def _merge_of(
        self,
        rule: TableRule,
        reader: RecordReader,
        link: ImportLink,
        *,
        record: ReadRecord,
        place: tuple[int, int],
        rule_hash: str,
    ) -> Merge:
        if rule.entity != PATIENT or link.target_id not in self._made_of_two:
            return Merge(self.writer, rule.entity, link.target_id, record, place)
        try:
            before = BUILDERS[PATIENT](reader.read(link.record_id, link.raw), self._shop)
        except SetAsideError:
            before = BLANK
        return MergedPersonMerge(
            self.writer,
            rule.entity,
            link.target_id,
            record,
            place,
            before=before if isinstance(before, Built) else None,
            fills=link.rule_hash != rule_hash,
        )

    @cached_property
    def _made_of_two(self) -> set[uuid.UUID]:
        return people_made_of_two()

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


def _is_same(staged: StagedRecord, link: ImportLink, rule_hash: str) -> bool:
    return link.payload_hash == staged.payload_hash and link.rule_hash == rule_hash


def _constraint(error: BaseException) -> str:
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or type(error).__name__
