"""The account of a run: what became of every record, by table, reason and issue.

Rows go to a temporary file while the run's transaction is open and are stored when it has ended or
was rolled back, so a dry run keeps its report too and memory stays bounded.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection

from tenants.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from onboarding.imports.loading.reading import Noted
    from onboarding.imports.models import ImportRun

CREATED, UPDATED, UNCHANGED = "created", "updated", "unchanged"
SKIPPED, QUARANTINED = "skipped", "quarantined"
OUTCOMES = (CREATED, UPDATED, UNCHANGED, SKIPPED, QUARANTINED)
EXAMPLES = 20
SPOOL_BYTES = 4 * 1024**2
STORE_BATCH = 2_000


class UnreconciledError(Exception):
    """The numbers of a table do not add up: a defect of ours, so nothing of the run is kept."""


@dataclass
class Tally:
    """One kind of issue in one table, with the ids of a few records that have it."""

    message: str
    count: int = 0
    records: list[int] = field(default_factory=list)

    def add(self, record_id: int) -> None:
        self.count += 1
        if len(self.records) < EXAMPLES:
            self.records.append(record_id)


@dataclass
class TableAccount:
    """The law of one table: source = created + updated + unchanged + skipped + quarantined."""

    table_id: int
    name: str
    entity: str
    source: int
    counts: Counter[str] = field(default_factory=Counter)
    reasons: dict[tuple[str, str], Tally] = field(default_factory=dict)
    issues: dict[tuple[int, str], Tally] = field(default_factory=dict)

    def add(self, outcome: str, reason: str, count: int = 1, record_id: int | None = None) -> None:
        self.counts[outcome] += count
        if reason:
            tally = self.reasons.setdefault((outcome, reason), Tally(reason))
            tally.count += count
            if record_id is not None and len(tally.records) < EXAMPLES:
                tally.records.append(record_id)

    @property
    def holds(self) -> bool:
        return self.source == sum(self.counts[outcome] for outcome in OUTCOMES)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.table_id,
            "name": self.name,
            "entity": self.entity,
            "source": self.source,
            **{outcome: self.counts[outcome] for outcome in OUTCOMES},
            "holds": self.holds,
            "reasons": [
                {"outcome": outcome, "reason": reason, "count": t.count, "records": t.records}
                for (outcome, reason), t in sorted(
                    self.reasons.items(), key=lambda item: -item[1].count
                )
            ],
            "issues": [
                {
                    "field": field_id,
                    "code": code,
                    "message": t.message,
                    "count": t.count,
                    "records": t.records,
                }
                for (field_id, code), t in sorted(
                    self.issues.items(), key=lambda item: -item[1].count
                )
            ],
        }


class Ledger:
    """Takes down the fate of every record; a context manager, for its temporary file."""

    def __init__(self, run: ImportRun, *, dry: bool) -> None:
        self.run, self.dry = run, dry
        self.tables: dict[int, TableAccount] = {}
        self._spool = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by __exit__
            max_size=SPOOL_BYTES, mode="w+", encoding="utf-8"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def open_table(self, table_id: int, name: str, entity: str, source: int) -> TableAccount:
        account = TableAccount(table_id, name, entity, source)
        self.tables[table_id] = account
        return account

    def take(
        self,
        table_id: int,
        record_id: int,
        outcome: str,
        *,
        reason: str = "",
        issues: Iterable[Noted] = (),
        target_id: object = None,
    ) -> None:
        account = self.tables[table_id]
        account.add(outcome, reason, record_id=record_id)
        noted = list(issues)
        for issue in noted:
            key = (issue.field_id, issue.code)
            account.issues.setdefault(key, Tally(issue.message)).add(record_id)
        row = [
            str(uuid7()),
            table_id,
            record_id,
            outcome,
            reason,
            [issue.as_json() for issue in noted],
            str(target_id) if target_id else None,
        ]
        self._spool.write(json.dumps(row, ensure_ascii=False) + "\n")

    @property
    def holds(self) -> bool:
        return all(account.holds for account in self.tables.values())

    def check(self) -> None:
        """Raise UnreconciledError unless every table's numbers add up."""
        for account in self.tables.values():
            if not account.holds:
                raise UnreconciledError(
                    f"Table {account.name}: {account.source} records in the file, "
                    f"{sum(account.counts.values())} accounted for. Nothing was kept. "
                    "This is a defect of the importer: please report it."
                )

    def store(self, *, mended: bool = False) -> None:
        """Write the rows; the caller is in the clinic's scope, past the run's own transaction.

        `mended`: only records that had been set aside were tried again, the others' rows stay.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM imports_rowresult WHERE run_id = %s AND dry = %s "
                "AND (NOT %s OR (outcome = 'quarantined' AND table_id = ANY(%s::int[])))",
                [self.run.pk, self.dry, mended, list(self.tables)],
            )
            self._spool.seek(0)
            batch: list[str] = []
            for line in self._spool:
                batch.append(line)
                if len(batch) >= STORE_BATCH:
                    self._store(cursor, batch)
                    batch = []
            if batch:
                self._store(cursor, batch)

    def _store(self, cursor: Any, batch: list[str]) -> None:
        cursor.execute(
            "INSERT INTO imports_rowresult "
            "(id, run_id, dry, table_id, record_id, outcome, reason, issues, target_id, "
            "is_mended) "
            "SELECT (r ->> 0)::uuid, %s, %s, (r ->> 1)::int, (r ->> 2)::bigint, r ->> 3, r ->> 4, "
            "r -> 5, (r ->> 6)::uuid, false FROM jsonb_array_elements(%s::jsonb) AS r",
            [self.run.pk, self.dry, f"[{','.join(batch)}]"],
        )

    def tables_json(self) -> list[dict[str, Any]]:
        return [account.as_json() for account in self.tables.values()]
