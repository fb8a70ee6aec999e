"""How far a run is, told while its transaction is still open.

The figures are written on a connection of their own by a thread, every two seconds: they are visible
before the run commits, and they stop when the process dies. A run whose figures are older than
`STALE` is dead and may be taken up again.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connections
from django.utils import timezone

from onboarding.imports.models import RunPhase, RunProgress
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from tenants.models import Tenant

EVERY = 2.0
STALE = timedelta(seconds=60)


class StoppedError(Exception):
    """Somebody asked for the run to stop; nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__("The import was stopped by a person. Nothing of it was kept.")


@dataclass
class PhaseLine:
    """One line of the log, kept in memory until the run's transaction has ended."""

    name: str
    started_at: datetime
    ended_at: datetime
    records: int = 0
    errors: int = 0
    note: str = ""
    number: int | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "name": self.name,
            "records": self.records,
            "errors": self.errors,
            "note": self.note,
            "seconds": round((self.ended_at - self.started_at).total_seconds(), 1),
            "began": self.started_at.isoformat(),
        }


class Progress:
    """Counts what is done. `live=False` keeps the figures in memory only (tests, nested use)."""

    def __init__(self, tenant: Tenant, run_id: uuid.UUID, *, live: bool = True) -> None:
        self._tenant, self._run_id, self._live = tenant, run_id, live
        self.name, self.done, self.total = "", 0, 0
        self.all_done = self.all_total = 0
        self._open: PhaseLine | None = None
        self.lines: list[PhaseLine] = []
        self._end = threading.Event()
        self._stop_asked = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self) -> Iterator[Progress]:
        """Write the figures while the block runs."""
        if not self._live:
            yield self
            return
        self._thread = threading.Thread(target=self._beat, name="import heartbeat", daemon=True)
        self._thread.start()
        try:
            yield self
        finally:
            self._end.set()
            self._thread.join(timeout=10)

    @contextmanager
    def phase(self, name: str, total: int = 0, *, number: int | None = None) -> Iterator[PhaseLine]:
        """Time one phase; what the block sets on the line ends up in the log.

        `number` is the phase of the load it belongs to, see `phases.py`.
        """
        self.name, self.done, self.total = name, 0, total
        line = PhaseLine(name, timezone.now(), timezone.now(), number=number)
        outer, self._open = self._open, line
        try:
            yield line
        except BaseException as error:
            line.note = line.note or type(error).__name__
            raise
        finally:
            line.ended_at = timezone.now()
            line.records = line.records or self.done
            self.lines.append(line)
            self._open = outer

    def advance(self, count: int) -> None:
        """Count records as done; raises StoppedError when somebody asked for it."""
        self.done += count
        self.all_done += count
        if self._stop_asked.is_set():
            raise StoppedError

    def expect(self, records: int) -> None:
        """Say how much there is to do in all phases together: the time left is reckoned from it."""
        self.all_total += records

    def lines_json(self) -> list[dict[str, Any]]:
        """Answer the log so far, the phase that is open included."""
        lines = [line.as_json() for line in list(self.lines)]
        running = self._open
        if running is not None:
            now = replace(running, ended_at=timezone.now(), records=running.records or self.done)
            lines.append(now.as_json())
        return lines

    def write_log(self) -> None:
        """Keep the lines; the caller is in the clinic's scope, outside what may be rolled back."""
        RunPhase.objects.bulk_create(
            RunPhase(
                run_id=self._run_id,
                number=line.number,
                name=line.name,
                records=line.records,
                errors=line.errors,
                note=line.note,
                started_at=line.started_at,
                ended_at=line.ended_at,
            )
            for line in self.lines
        )
        self.lines.clear()

    def _beat(self) -> None:
        try:
            while True:
                self._write()
                if self._end.wait(EVERY):
                    return
        finally:
            connections["default"].close()

    def _write(self) -> None:
        try:
            with tenant_scope(self._tenant):
                row = RunProgress.objects.filter(run_id=self._run_id)
                row.update(
                    phase=self.name[:60],
                    done=self.done,
                    total=self.total,
                    all_done=self.all_done,
                    all_total=self.all_total,
                    lines=self.lines_json(),
                    heartbeat_at=timezone.now(),
                )
                if row.filter(stop_requested=True).exists():
                    self._stop_asked.set()
        except DatabaseError:
            # A beat that is missed is not a reason to end the import; many in a row make it stale.
            connections["default"].close()


def is_stale(progress: RunProgress | None, *, now: datetime) -> bool:
    """True where nothing was heard of the run's worker for a minute."""
    return progress is None or progress.heartbeat_at is None or now - progress.heartbeat_at > STALE
