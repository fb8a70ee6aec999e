"""The walk of one load through its phases, in the order the foreign keys demand."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onboarding.imports import phases
from onboarding.imports.columns import column_accounts
from onboarding.imports.duplicates import find_candidates
from onboarding.imports.functional import functional_checks
from onboarding.imports.preserved import configuration, preserved
from onboarding.imports.reports import assemble
from onboarding.imports.snapshot import make_snapshot, table_sums
from onboarding.imports.validation import refuse_gaps, validate

if TYPE_CHECKING:
    from onboarding.imports.loading.engine import Loader
    from onboarding.imports.preserved import Kept
    from onboarding.imports.progress import PhaseLine, Progress


@dataclass
class Walk:
    """One load, dry or for good; the caller is in the clinic's scope and in the run's transaction."""

    loader: Loader
    progress: Progress
    dry: bool
    began: float = field(default_factory=time.monotonic)
    found: dict[str, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        """Phase 0: look the source over, and copy what is there before anything is touched."""
        with self._phase("Look the source over", phases.VALIDATION) as line:
            checks = validate(self.loader.run, self.loader.spec, self.loader.structure)
            line.errors = sum(check.level == "gap" for check in checks)
            self.found["validation"] = [check.as_json() for check in checks]
        with self._phase("Copy the clinic's records", phases.VALIDATION) as line:
            self._copy(line)

    def _copy(self, line: PhaseLine) -> None:
        run = self.loader.run
        if self.dry:
            line.records = sum(table.rows for table in table_sums().values())
            line.note = "Counted only: a dry run keeps nothing."
            return
        # Saved with the run at its end: until then nobody who asks for the run may have to wait.
        run.snapshot = make_snapshot(run)
        line.records = run.snapshot["rows"]
        line.note = "Read back and verified."
        self.found["snapshot"] = {"rows": run.snapshot["rows"], "bytes": run.snapshot["bytes"]}

    def run_through(self) -> dict[str, Any]:
        """Phases 1 to 8; answers the report. Raises where records are lost or gaps are refused."""
        with self._phase("Take the configuration down", phases.CONFIGURATION) as line:
            before = configuration()
            line.records = sum(len(kept.ids) for kept in before.values())
        self.loader.load(self._clear)
        refuse_gaps(self.loader.run, self.loader.ledger)
        return self._reconcile(before)

    def _clear(self) -> None:
        replacement = self.loader.replacement
        with self._phase("Make room for the records", phases.CLEARING) as line:
            if replacement is None:
                line.note = "Nothing is removed: records are brought up to date."
            else:
                line.records = replacement.clear()

    def _reconcile(self, before: dict[str, Kept]) -> dict[str, Any]:
        run, ledger = self.loader.run, self.loader.ledger
        with self._phase("Look for people who are here twice", phases.RECONCILIATION):
            duplicates = find_candidates(run)
        with self._phase("Count every table and column", phases.RECONCILIATION) as line:
            ledger.check()
            columns = column_accounts(run.source, self.loader.spec, self.loader.structure)
            line.records = sum(len(of_table) for of_table in columns.values())
            self.found["columns"] = {str(table): of_table for table, of_table in columns.items()}
        with self._phase("Compare the configuration", phases.RECONCILIATION) as line:
            self.found["preserved"] = preserved(before)
            line.errors = sum(not table["same"] for table in self.found["preserved"])
        with self._phase("Look for the records where people will", phases.RECONCILIATION) as line:
            found = functional_checks(run)
            line.records, line.errors = len(found), sum(not one.ok for one in found)
            self.found["checks"] = [one.as_json() for one in found]
        if self.loader.replacement is not None:
            self.found["replacement"] = self.loader.replacement.as_json()
        self.found["mode"] = run.mode
        self.found["phases"] = self.progress.lines_json()
        seconds = time.monotonic() - self.began
        report = assemble(self.loader, dry=self.dry, duplicates=duplicates, seconds=seconds)
        return {**report, **self.found}

    def _phase(self, name: str, number: int) -> Any:
        return self.progress.phase(name, number=number)
