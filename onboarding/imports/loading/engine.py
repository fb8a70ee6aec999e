"""Loads one run: each table in the order in which they refer to each other, in one transaction.

One transaction for the whole load, because a clinic must never see half an import: whatever ends it
leaves the clinic as it was, a dry run is the same work rolled back, and nothing has to be repaired.
It takes no lock that keeps others from working: it only adds rows and touches its own.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import connection

from onboarding.imports.corrections import Corrections
from onboarding.imports.loading.attachments import Attachments
from onboarding.imports.loading.batches import Batches
from onboarding.imports.loading.building import Workshop
from onboarding.imports.loading.file_tasks import FileTasks
from onboarding.imports.loading.invoice_lines import InvoiceLineLoader
from onboarding.imports.loading.ledger import QUARANTINED, SKIPPED, Ledger
from onboarding.imports.loading.reading import RecordReader
from onboarding.imports.loading.references import References
from onboarding.imports.loading.table import TableLoader, Tools
from onboarding.imports.loading.writing import Writer
from onboarding.imports.phases import CONFIGURATION as CONFIGURATION_PHASE
from onboarding.imports.phases import phase_of
from onboarding.imports.replacing import Replacement
from onboarding.imports.structure import Structure
from onboarding.imports.targets import ENTITIES, INVOICE_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from onboarding.imports.mapping import MappingSpec, TableRule
    from onboarding.imports.models import ImportRun
    from onboarding.imports.progress import Progress

LOADERS: Mapping[str, type[TableLoader]] = {INVOICE_LINE: InvoiceLineLoader}


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
        batches, files = Batches(self.source, self.writer), FileTasks(run)
        self._tools = Tools(
            run=run,
            ledger=ledger,
            writer=self.writer,
            references=self.references,
            corrections=self.corrections,
            replacement=self.replacement,
            shop=Workshop(self.references, spec.options, self.now, batches),
            batches=batches,
            files=files,
            attachments=Attachments(self.source.key, self.writer, files),
        )

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
        tools = self._tools
        tools.references.begin_table(rule)
        tools.batches.begin_table(table, rule)
        tools.attachments.begin_table(table, rule)
        made = LOADERS.get(rule.entity, TableLoader)
        load = made(tools, rule, reader, self.spec.rule_hash(rule))
        name, number = f"Load {ENTITIES[rule.entity].plural.lower()}", phase_of(rule.entity)
        with self.progress.phase(name, records, number=number) as line:
            for batch in load.staged(only):
                load.load_batch(batch)
                self.progress.advance(len(batch))
            line.errors = self.ledger.tables[rule.table_id].counts[QUARANTINED]
