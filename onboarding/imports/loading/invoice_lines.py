"""Lines of past invoices from a table of their own: each is added to the row of its invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from billing_integrations.invoices.models import PastInvoice
from onboarding.imports.loading.building import BLANK
from onboarding.imports.loading.building.invoices import line_of
from onboarding.imports.loading.ledger import CREATED, SKIPPED, UNCHANGED, UPDATED
from onboarding.imports.loading.table import TableLoader
from onboarding.imports.targets import INVOICE

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from onboarding.imports.loading.reading import ReadRecord, RecordReader
    from onboarding.imports.loading.references import References
    from onboarding.imports.loading.table import Tools
    from onboarding.imports.loading.writing import Writer
    from onboarding.imports.mapping import TableRule
    from onboarding.imports.models import ImportLink, StagedRecord

Line = dict[str, Any]
PARTS = ("description", "code", "quantity", "price", "amount")


class InvoiceLineLoader(TableLoader):
    """Adds the lines of a batch to their invoices; a line's link names its invoice."""

    def __init__(self, tools: Tools, rule: TableRule, reader: RecordReader, rule_hash: str) -> None:
        super().__init__(tools, rule, reader, rule_hash)
        self._lines = InvoiceLines(tools.references, tools.writer)

    def load_batch(self, batch: Sequence[StagedRecord]) -> None:
        links = self._links(batch)
        there = self._still_there(links)
        corrections = self.tools.corrections
        corrections.open_batch(self.rule.table_id, [staged.record_id for staged in batch])
        fresh: list[tuple[StagedRecord, uuid.UUID]] = []
        known: list[tuple[StagedRecord, ImportLink]] = []
        for staged in batch:
            link = links.get(staged.record_id)
            if reason := corrections.left_out(staged):
                self._take(staged, SKIPPED, reason=reason)
            elif link is not None and link.target_id not in there:
                self._take(staged, SKIPPED, reason="Deleted here since the last import.")
            elif link is not None and self._is_same(staged, link):
                self._take(staged, UNCHANGED, target_id=link.target_id)
            else:
                self._load_line(staged, link, fresh, known)
        self._lines.write(self.rule.table_id)
        self._link(fresh)
        self._relink(known)

    def _load_line(
        self,
        staged: StagedRecord,
        link: ImportLink | None,
        fresh: list[tuple[StagedRecord, uuid.UUID]],
        known: list[tuple[StagedRecord, ImportLink]],
    ) -> None:
        record = self._read(staged)
        invoice = self._lines.invoice_of(record)
        if isinstance(invoice, tuple):
            outcome, reason = invoice
            stays = " The earlier line stays as it is." if link else ""
            self._take(staged, outcome, reason=f"{reason}{stays}", record=record)
            return
        place = (self.rule.table_id, staged.record_id)
        self._lines.add(invoice, place, record)
        if link is None:
            fresh.append((staged, invoice))
            self._take(staged, CREATED, record=record, target_id=invoice)
            return
        if link.target_id != invoice:
            self._lines.take_from(link.target_id, place)
            link.target_id = invoice
        known.append((staged, link))
        self._take(staged, UPDATED, record=record, target_id=invoice)


class InvoiceLines:
    """Collects the lines of a batch by invoice and writes them in one statement.

    `from` in a line says which record it is, so that it is known again when it changes.
    """

    def __init__(self, references: References, writer: Writer) -> None:
        self._references, self._writer = references, writer
        self._lines: dict[uuid.UUID, dict[str, Line | None]] = {}

    def invoice_of(self, record: ReadRecord) -> uuid.UUID | tuple[str, str]:
        """Answer the invoice a line is of, or what becomes of the record instead, and why."""
        if record.blank or not record.has(*PARTS):
            return BLANK.outcome, BLANK.reason
        found = record.values.get("invoice")
        if not found:
            return "quarantined", "No invoice is given."
        ids = self._references.find(INVOICE, found[0])
        if len(ids) == 1:
            return ids[0]
        why = "More than one invoice has that number." if ids else "Its invoice is not here."
        return "quarantined", why

    def add(self, invoice: uuid.UUID, place: tuple[int, int], record: ReadRecord) -> None:
        name = _name(place)
        said = {part: record.values[part][0] for part in PARTS if part in record.values}
        self._lines.setdefault(invoice, {})[name] = {**line_of(said, record.extra), "from": name}

    def take_from(self, invoice: uuid.UUID, place: tuple[int, int]) -> None:
        """Take a line out of the invoice it was in before."""
        self._lines.setdefault(invoice, {})[_name(place)] = None

    def write(self, table_id: int) -> None:
        lines, self._lines = self._lines, {}
        if not lines:
            return
        rows = PastInvoice.objects.filter(pk__in=list(lines)).values_list("pk", "lines")
        changes = {pk: {"lines": _with(now, lines[pk])} for pk, now in rows}
        self._writer.update_many(INVOICE, changes, (table_id, None))


def _name(place: tuple[int, int]) -> str:
    table_id, record_id = place
    return f"{table_id}/{record_id}"


def _with(now: list[Line], changed: Mapping[str, Line | None]) -> list[Line]:
    """Answer the lines of an invoice with those that are new or other; None takes a line out."""
    wanted = dict(changed)
    kept = [wanted.pop(line.get("from", ""), line) for line in now]
    return [line for line in (*kept, *wanted.values()) if line is not None]
