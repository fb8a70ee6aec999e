"""Loads the records of one table, a batch at a time, in sets: new rows and changed ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from django.db import DataError, IntegrityError, connection, transaction

from onboarding.imports.loading.building import BLANK, BUILDERS, Built, Refused
from onboarding.imports.loading.deciding import SetAsideError
from onboarding.imports.loading.file_tasks import FILES
from onboarding.imports.loading.ledger import CREATED, QUARANTINED, SKIPPED, UNCHANGED, UPDATED
from onboarding.imports.loading.merged_people import MergedPersonMerge, people_made_of_two
from onboarding.imports.loading.merging import Merge, Standing
from onboarding.imports.loading.writing import CHILDREN, MODELS
from onboarding.imports.models import ImportLink, RowChange, StagedRecord
from onboarding.imports.targets import PATIENT
from tenants.ids import uuid7

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Mapping, Sequence

    from onboarding.imports.corrections import Corrections
    from onboarding.imports.loading.attachments import Attachments
    from onboarding.imports.loading.batches import Batches
    from onboarding.imports.loading.building import Workshop
    from onboarding.imports.loading.file_tasks import FileTasks
    from onboarding.imports.loading.ledger import Ledger
    from onboarding.imports.loading.reading import ReadRecord, RecordReader
    from onboarding.imports.loading.references import References
    from onboarding.imports.loading.writing import Writer
    from onboarding.imports.mapping import TableRule
    from onboarding.imports.models import ImportRun
    from onboarding.imports.replacing import Replacement

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


@dataclass(frozen=True, slots=True)
class _Known:
    """A record that has changed since it became a row."""

    staged: StagedRecord
    link: ImportLink
    record: ReadRecord
    built: Built


@dataclass(frozen=True)
class Tools:
    """What the tables of one load share."""

    run: ImportRun
    ledger: Ledger
    writer: Writer
    references: References
    corrections: Corrections
    replacement: Replacement | None
    shop: Workshop
    batches: Batches
    files: FileTasks
    attachments: Attachments

    @property
    def source_key(self) -> str:
        return self.run.source.key


class TableLoader:
    """Loads the records of one table by its rule."""

    def __init__(self, tools: Tools, rule: TableRule, reader: RecordReader, rule_hash: str) -> None:
        self.tools, self.rule, self.reader, self.rule_hash = tools, rule, reader, rule_hash
        self._former: dict[int, uuid.UUID] = {}
        """In a full re-import: the ids that the batch's records had before."""

    def staged(self, only: Sequence[int] | None = None) -> Iterator[list[StagedRecord]]:
        """Answer the table's records in batches, or only those with these ids."""
        last = -1 << 63
        wanted = StagedRecord.objects.filter(
            source=self.tools.run.source, table_id=self.rule.table_id
        )
        if only is not None:
            wanted = wanted.filter(record_id__in=only)
        while True:
            batch = list(wanted.filter(record_id__gt=last).order_by("record_id")[:BATCH])
            if not batch:
                return
            last = batch[-1].record_id
            yield batch

    def _links(self, batch: Sequence[StagedRecord]) -> dict[int, ImportLink]:
        links = ImportLink.objects.filter(
            source_key=self.tools.source_key,
            table_id=self.rule.table_id,
            record_id__in=[staged.record_id for staged in batch],
        ).defer("raw")
        return {link.record_id: link for link in links}

    def load_batch(self, batch: Sequence[StagedRecord]) -> None:
        links = self._links(batch)
        there = self._still_there(links)
        ids = [staged.record_id for staged in batch]
        self.tools.corrections.open_batch(self.rule.table_id, ids)
        replacement = self.tools.replacement
        self._former = replacement.ids_of(self.rule.table_id, ids) if replacement else {}
        fresh: list[_Fresh] = []
        known: list[_Known] = []
        unchanged: list[tuple[StagedRecord, uuid.UUID]] = []
        for staged in batch:
            link = links.get(staged.record_id)
            if reason := self.tools.corrections.left_out(staged):
                self._take(staged, SKIPPED, reason=reason)
            elif link is None:
                self._prepare(staged, fresh)
            elif link.target_id not in there:
                self._take(staged, SKIPPED, reason="Deleted here since the last import.")
            elif self._is_same(staged, link):
                unchanged.append((staged, link.target_id))
                self._take(staged, UNCHANGED, target_id=link.target_id)
            else:
                self._look_again(staged, link, known)
        self._renew(known)
        self._create(fresh)
        if self.rule.entity in FILES:
            self.tools.files.want_what_is_missing(self.rule, unchanged)
        self.tools.attachments.write()
        self.tools.files.write()

    def _is_same(self, staged: StagedRecord, link: ImportLink) -> bool:
        return link.payload_hash == staged.payload_hash and link.rule_hash == self.rule_hash

    def _still_there(self, links: Mapping[int, ImportLink]) -> set[uuid.UUID]:
        ids = [link.target_id for link in links.values()]
        rows = MODELS[self.rule.entity]._default_manager.filter(pk__in=ids)
        return set(rows.values_list("pk", flat=True))

    def _read(self, staged: StagedRecord) -> ReadRecord:
        corrections = self.tools.corrections
        record = self.reader.read(staged.record_id, corrections.corrected(staged))
        if not record.blank:
            corrections.settle(staged, record)
        return record

    def _build(self, staged: StagedRecord) -> tuple[ReadRecord, Built | Refused]:
        record = self._read(staged)
        if record.blank:
            return record, BLANK
        entity = self.rule.entity
        try:
            built = BUILDERS[entity](record, self.tools.shop)
            return record, self.tools.references.decided.heed(entity, built)
        except SetAsideError as choice:
            return record, Refused(choice.outcome, str(choice))

    def _prepare(self, staged: StagedRecord, fresh: list[_Fresh]) -> None:
        record, built = self._build(staged)
        if isinstance(built, Refused):
            self._take(staged, built.outcome, reason=built.reason, record=record)
            return
        if self.rule.entity in CONFIGURATION and self._adopt(staged, record, built):
            return
        row_id = self._former.get(staged.record_id) or uuid7()
        fresh.append(_Fresh(staged, record, built, row_id))

    def _adopt(self, staged: StagedRecord, record: ReadRecord, built: Built) -> bool:
        """Link to a clinic, clinician or type that already has the name instead of doubling it."""
        references, entity = self.tools.references, self.rule.entity
        decision = references.decided.of_name(entity, built.name)
        matched = references.matched(entity, decision)
        known = matched or references.existing(entity, built.name)
        if known is None or (
            matched is None
            and ImportLink.objects.filter(
                source_key=self.tools.source_key, table_id=self.rule.table_id, target_id=known
            ).exists()
        ):
            return False
        self._link([(staged, known)])
        self._take(
            staged,
            UNCHANGED,
            reason="Matched with one that is here, as decided."
            if matched
            else "Already here under this name: left as it is.",
            record=record,
            target_id=known,
        )
        return True

    def _create(self, fresh: list[_Fresh]) -> None:
        if not fresh:
            return
        self.tools.batches.write()
        try:
            with transaction.atomic():
                self._insert(fresh)
        except (IntegrityError, DataError):
            self._create_one_by_one(fresh)
            return
        for item in fresh:
            self._created(item)

    def _create_one_by_one(self, fresh: list[_Fresh]) -> None:
        """Find the records the database refuses; the others of the batch are loaded all the same."""
        for item in fresh:
            try:
                with transaction.atomic():
                    self._insert([item])
            except (IntegrityError, DataError) as error:
                reason = f"The database refused it ({_constraint(error)})."
                self._take(item.staged, QUARANTINED, reason=reason, record=item.record)
                continue
            self._created(item)

    def _created(self, item: _Fresh) -> None:
        tools, built = self.tools, item.built
        outcome = tools.writer.outcomes.pop(item.row_id, CREATED)
        self._take(item.staged, outcome, record=item.record, target_id=item.row_id)
        tools.files.want(item.row_id, item.staged, built)
        tools.attachments.want(item.staged, self._patient_of(item.row_id, built))
        if built.name:
            tools.references.add_name(self.rule.entity, built.name, item.row_id)

    def _patient_of(self, row_id: uuid.UUID, built: Built) -> object:
        return row_id if self.rule.entity == PATIENT else built.main.get("patient_id")

    def _insert(self, fresh: Sequence[_Fresh]) -> None:
        places = [(self.rule.table_id, item.staged.record_id) for item in fresh]
        rows = [{**item.built.main, **item.built.at_first, "id": item.row_id} for item in fresh]
        self.tools.writer.insert(self.rule.entity, rows, places)
        for kind in CHILDREN:
            children, homes = [], []
            for item, place in zip(fresh, places, strict=True):
                for row in item.built.children.get(kind, ()):
                    children.append({**row, "id": uuid7(), "patient_id": item.row_id})
                    homes.append(place)
            self.tools.writer.insert(kind, children, homes)
        self._link([(item.staged, item.row_id) for item in fresh])

    def _link(self, pairs: Sequence[tuple[StagedRecord, uuid.UUID]]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO imports_importlink (id, source_key, table_id, record_id, target_type, "
                "target_id, payload_hash, rule_hash, modification_count, raw, run_id) "
                "SELECT p.id, %s, s.table_id, s.record_id, %s, p.target_id, s.payload_hash, %s, "
                "s.modification_count, s.payload, %s "
                "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) AS p (id, staged_id, target_id) "
                "JOIN imports_stagedrecord AS s ON s.id = p.staged_id",
                [
                    self.tools.source_key,
                    self.rule.entity,
                    self.rule_hash,
                    self.tools.run.pk,
                    [uuid7() for _ in pairs],
                    [staged.pk for staged, _ in pairs],
                    [target_id for _, target_id in pairs],
                ],
            )

    def _look_again(self, staged: StagedRecord, link: ImportLink, known: list[_Known]) -> None:
        record, built = self._build(staged)
        if isinstance(built, Refused):
            reason = f"{built.reason} The earlier record stays as it is."
            self._take(staged, built.outcome, reason=reason, record=record)
            return
        known.append(_Known(staged, link, record, built))

    def _renew(self, known: Sequence[_Known]) -> None:
        """Bring the rows up to their records; of two records of one row the second comes after."""
        if not known:
            return
        self.tools.batches.write()
        wave: dict[uuid.UUID, _Known] = {}
        for one in known:
            if one.link.target_id in wave:
                self._renew_wave(list(wave.values()))
                wave = {}
            wave[one.link.target_id] = one
        self._renew_wave(list(wave.values()))

    def _renew_wave(self, wave: Sequence[_Known]) -> None:
        standing = Standing(self.rule.entity, [one.link.target_id for one in wave])
        changed = [self._merge_of(one, standing).bring_up(one.built) for one in wave]
        self.tools.writer.write_updates()
        for one, is_changed in zip(wave, changed, strict=True):
            staged, link, target_id = one.staged, one.link, one.link.target_id
            self.tools.files.want_if_changed(target_id, staged, link, one.built)
            another = link.modification_count != staged.modification_count
            patient = self._patient_of(target_id, one.built)
            self.tools.attachments.want(staged, patient, changed=another)
            outcome = UPDATED if is_changed else UNCHANGED
            self._take(staged, outcome, record=one.record, target_id=target_id)
        self._relink([(one.staged, one.link) for one in wave])

    def _merge_of(self, one: _Known, standing: Standing) -> Merge:
        writer, entity, link = self.tools.writer, self.rule.entity, one.link
        place = (self.rule.table_id, link.record_id)
        if entity != PATIENT or link.target_id not in self._made_of_two:
            return Merge(writer, entity, link.target_id, one.record, place, standing)
        try:
            was = self.reader.read(link.record_id, link.raw)
            before = BUILDERS[PATIENT](was, self.tools.shop)
        except SetAsideError:
            before = BLANK
        return MergedPersonMerge(
            writer,
            entity,
            link.target_id,
            one.record,
            place,
            standing,
            before=before if isinstance(before, Built) else None,
            fills=link.rule_hash != self.rule_hash,
        )

    @cached_property
    def _made_of_two(self) -> set[uuid.UUID]:
        return people_made_of_two()

    def _relink(self, pairs: Sequence[tuple[StagedRecord, ImportLink]]) -> None:
        """Remember the records' new text; the links as they were are kept for undoing."""
        if not pairs:
            return
        links = [link.pk for _, link in pairs]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO imports_rowchange (id, run_id, table_id, record_id, target_type, "
                "target_id, action, before) "
                "SELECT p.id, %s, l.table_id, l.record_id, 'link', l.id, %s, jsonb_build_object("
                "'payload_hash', l.payload_hash, 'rule_hash', l.rule_hash, "
                "'modification_count', l.modification_count, 'raw', l.raw) "
                "FROM unnest(%s::uuid[], %s::uuid[]) AS p (id, link_id) "
                "JOIN imports_importlink AS l ON l.id = p.link_id",
                [
                    self.tools.run.pk,
                    RowChange.Action.UPDATED,
                    [uuid7() for _ in pairs],
                    links,
                ],
            )
            cursor.execute(
                "UPDATE imports_importlink AS l SET payload_hash = s.payload_hash, rule_hash = %s, "
                "modification_count = s.modification_count, raw = s.payload, target_id = p.target_id "
                "FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[]) "
                "AS p (link_id, staged_id, target_id) "
                "JOIN imports_stagedrecord AS s ON s.id = p.staged_id WHERE l.id = p.link_id",
                [
                    self.rule_hash,
                    links,
                    [staged.pk for staged, _ in pairs],
                    [link.target_id for _, link in pairs],
                ],
            )

    def _take(
        self,
        staged: StagedRecord,
        outcome: str,
        *,
        reason: str = "",
        record: ReadRecord | None = None,
        target_id: object = None,
    ) -> None:
        self.tools.ledger.take(
            self.rule.table_id,
            staged.record_id,
            outcome,
            reason=reason,
            issues=record.issues if record else (),
            target_id=target_id,
        )


def _constraint(error: BaseException) -> str:
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None) or type(error).__name__
