"""Every clinic to the newest schema: the first few as a trial, then the rest side by side.

A clinic moves in one transaction that also writes how far it is, so whatever ends a run leaves each
clinic at one state or the other, and the next run does only those that are behind. A busy clinic is
tried again later instead of waited for: a change of schema that waits for a lock makes everybody who
comes after it wait too.
"""

from __future__ import annotations

import heapq
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connections
from django.utils import timezone

from tenants import clusters, jobs, migrate
from tenants.models import Job, MigrationHead, SchemaScript, Tenant
from tenants.scope import entered, public_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tenants.scope import Scope

OWNER = migrate.OWNER
KIND = "migrate"

TRIAL = 3
"""Clinics that go first; where one of them fails, no other is begun."""
STOP_AFTER = 5
"""Failed clinics after which no other is begun. A mistake in a migration fails everywhere alike."""
LOCK_SECONDS = 2
TRIES = 6
PAUSE = 3.0
"""Seconds until a busy clinic is tried again, times the tries it has had."""
CLINICS_PER_CONNECTION = 25
"""A backend remembers the tables of every clinic it has served."""
ELSEWHERE = 7_110
"""The first half of the advisory locks of clinics in other databases; the second is the clinic."""
_BUSY = {"55P03", "40P01"}  # lock_not_available, deadlock_detected

GONE = (Tenant.State.CREATING, Tenant.State.MOVING, Tenant.State.DELETED)
"""Clinics that no run touches: what makes or moves them brings them to the newest schema."""


# ── what is to do ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class ClinicState:
    """How far one clinic is: `current`, `behind`, `failed`, or `newer` than this code."""

    id: int
    subdomain: str
    state: str
    error: str
    migrated_at: Any
    is_sandbox: bool = False

    def as_json(self) -> dict[str, Any]:
        at = self.migrated_at.isoformat(timespec="seconds") if self.migrated_at else None
        return {
            "id": self.id, "subdomain": self.subdomain, "state": self.state, "error": self.error,
            "migrated_at": at,
        }  # fmt: skip


def clinic_states() -> list[ClinicState]:
    """Answer how far each clinic is; the caller is in a shared scope. Two queries, however many."""
    heads = {head.tenant_id: head for head in MigrationHead.objects.all()}
    clinics = Tenant.objects.exclude(state__in=GONE).order_by("pk")
    return [
        _state_of(heads.get(pk), pk, subdomain, is_sandbox=sandbox_of is not None)
        for pk, subdomain, sandbox_of in clinics.values_list("pk", "subdomain", "sandbox_of_id")
    ]


def _state_of(
    head: MigrationHead | None, pk: int, subdomain: str, *, is_sandbox: bool
) -> ClinicState:
    if head is None:
        return ClinicState(pk, subdomain, "behind", "", None, is_sandbox)
    if head.heads == migrate.heads_digest():
        state = "current"
    elif migrate.can_be_served(head.heads, head.past):
        state = "newer"
    else:
        state = "failed" if head.error else "behind"
    error = head.error if state == "failed" else ""
    return ClinicState(pk, subdomain, state, error, head.migrated_at, is_sandbox)


def summary() -> dict[str, Any]:
    """Answer how all clinics stand, for `nexus migrate --status` and the console; in a shared scope."""
    states = clinic_states()
    counts = {
        word: sum(1 for clinic in states if clinic.state == word)
        for word in ("current", "behind", "failed", "newer")
    }
    job = latest_job()
    return {
        "newest": migrate.heads_digest(),
        "clinics": len(states),
        **counts,
        "ok": counts["behind"] == counts["failed"] == 0,
        "job": job and {
            "id": str(job.pk), "state": job.state, "step": job.step, "done": job.done,
            "total": job.total, "problem": job.problem,
        },
        "states": [clinic.as_json() for clinic in states],
    }  # fmt: skip


def _in_order(behind: Iterable[ClinicState]) -> list[int]:
    """Order the clinics: sandboxes first, then the smallest, so that a mistake meets few people."""
    sizes = dict(
        migrate.ask(
            "SELECT nspname, sum(relpages)::bigint FROM pg_class JOIN pg_namespace n "
            "ON n.oid = relnamespace WHERE nspname LIKE 'c\\_%%' GROUP BY nspname",
            (),
        )
    )
    return [
        clinic.id
        for clinic in sorted(
            behind, key=lambda one: (not one.is_sandbox, sizes.get(f"c_{one.id}", 0), one.id)
        )
    ]


# ── the run ──────────────────────────────────────────────────────────────────────────────────────


def migrate_clinics(
    heads: str,
    *,
    workers: int = 2,
    stop_after: int = STOP_AFTER,
    say: Callable[[str], None] = lambda _line: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> migrate.MigrationReport:
    """Migrate all clinics that are behind. `stop_after=0` goes on whatever fails.

    `progress(done, total)` is called every half second and ends the run by raising.
    """
    with public_scope(using=OWNER):
        states = clinic_states()
        behind = [clinic for clinic in states if clinic.state in {"behind", "failed"}]
        report = migrate.MigrationReport(current=len(states) - len(behind))
        if not behind:
            return report
        scripts = {script.from_heads: script for script in SchemaScript.objects.defer("whole")}
        past = MigrationHead.objects.values_list("past", flat=True).get(
            tenant_id=migrate.TEMPLATE_ID
        )
        order = _in_order(behind)
    say(f"{len(behind)} of {len(states)} clinics to migrate")
    way = Way(heads, past, scripts)
    total = len(order)
    trial = order[:TRIAL] if stop_after else []
    if trial:
        _Run(
            way, report, trial, stop_after=1, progress=lambda: progress(_done(report), total)
        ).work(1)
    if trial and report.errors:
        report.left = total - _done(report)
        return report
    rest = order[len(trial) :]
    run = _Run(
        way, report, rest, stop_after=stop_after, progress=lambda: progress(_done(report), total)
    )
    run.work(workers)
    report.left = total - _done(report)
    return report


def _done(report: migrate.MigrationReport) -> int:
    return len(report.migrated) + len(report.errors)


@dataclass(frozen=True)
class Way:
    """Where the clinics are to go, and what takes them there from where they are."""

    heads: str
    past: str
    scripts: dict[str, SchemaScript]

    def from_heads(self, at: str) -> list[SchemaScript] | None:
        """Answer the scripts from `at`, or None where Django's executor must find the way."""
        found: list[SchemaScript] = []
        step = at
        while step and step != self.heads and step in self.scripts:
            found.append(self.scripts[step])
            step = found[-1].to_heads
        replayable = step == self.heads and all(script.replayable for script in found)
        return found if replayable else None


@dataclass
class _Run:
    """The clinics that wait, and the threads that take them."""

    way: Way
    report: migrate.MigrationReport
    clinics: list[int]
    stop_after: int
    progress: Callable[[], None]
    _waiting: list[tuple[float, int, int, int]] = field(default_factory=list)
    """(not before, place in the order, tries, clinic), a heap."""
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _end: threading.Event = field(default_factory=threading.Event)
    _fault: BaseException | None = None

    def work(self, workers: int) -> None:
        self._waiting = [(0.0, place, 0, clinic) for place, clinic in enumerate(self.clinics)]
        threads = [threading.Thread(target=self._take_all) for _ in range(max(workers, 1))]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                threads[0].join(timeout=0.5)
                for thread in threads[1:]:
                    thread.join(timeout=0.01)
                self.progress()
        finally:
            self._end.set()
            for thread in threads:
                thread.join()
        if self._fault is not None:
            raise self._fault

    def _take_all(self) -> None:
        served = 0
        try:
            while not self._end.is_set():
                found = self._take()
                if found is None:
                    return
                if isinstance(found, float):
                    self._end.wait(found)
                    continue
                self._migrate(*found)
                served += 1
                if served % CLINICS_PER_CONNECTION == 0:
                    connections[OWNER].close()
                    clusters.close_all()
        except BaseException as fault:  # noqa: BLE001 - raised again by the thread that waits for this one
            self._fault = fault
            self._end.set()
        finally:
            connections[OWNER].close()
            clusters.close_all()

    def _take(self) -> tuple[int, int, int] | float | None:
        """Answer (place, tries, clinic), or how long to wait, or None where nothing is left."""
        with self._lock:
            if not self._waiting:
                return 0.1 if self._busy else None
            due = self._waiting[0][0] - time.monotonic()
            if due > 0:
                return min(due, 0.5)
            _due, place, tries, clinic = heapq.heappop(self._waiting)
            self._busy += 1
            return place, tries, clinic

    def _migrate(self, place: int, tries: int, clinic: int) -> None:
        problem, is_busy = "", False
        try:
            migrate_one(clinic, self.way)
        except OperationalError as error:
            is_busy = getattr(error.__cause__, "sqlstate", None) in _BUSY
            problem = _words(error)
        except Exception as error:  # noqa: BLE001 - one clinic's failure is recorded, the others go on
            problem = _words(error)
        again = is_busy and tries + 1 < TRIES
        if problem and not again:
            migrate.record_heads(clinic, "", error=problem)
        with self._lock:
            self._busy -= 1
            if again:
                due = time.monotonic() + PAUSE * (tries + 1)
                heapq.heappush(self._waiting, (due, place, tries + 1, clinic))
            elif problem:
                self.report.errors[clinic] = problem
                if self.stop_after and len(self.report.errors) >= self.stop_after:
                    self._end.set()
            else:
                self.report.migrated.append(clinic)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".strip()


def migrate_one(tenant_id: int, way: Way) -> None:
    """Bring one clinic to the newest heads, in one transaction with the record of it.

    Where its schema stands in another database than the record, the schema's own list of migrations
    says what is done, and the record follows.
    """
    scope = migrate.tenant_scope_of_id(tenant_id)
    if scope.cluster:
        _migrate_elsewhere(scope, way)
        return
    with entered(scope):
        migrate.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        # Two runs at once take turns here, and the second finds the clinic done.
        found = migrate.ask(
            "SELECT heads FROM public.tenants_migrationhead WHERE tenant_id = %s FOR UPDATE",
            (tenant_id,),
        )
        at = found[0][0] if found else ""
        if at != way.heads:
            _walk(tenant_id, at, way)
            migrate.set_heads(tenant_id, way.heads, past=way.past)


def _migrate_elsewhere(scope: Scope, way: Way) -> None:
    with public_scope(using=OWNER):
        heads = MigrationHead.objects.filter(tenant_id=scope.tenant_id)
        at = heads.values_list("heads", flat=True).first() or ""
    with entered(scope):
        migrate.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        migrate.ask("SELECT pg_advisory_xact_lock(%s, %s)", (ELSEWHERE, scope.tenant_id))
        if not migrate.has_everything():
            _walk(scope.tenant_id, at, way)
    migrate.record_heads(scope.tenant_id, way.heads)


def _walk(tenant_id: int, at: str, way: Way) -> None:
    scripts = way.from_heads(at)
    if scripts is None:
        migrate.run_executor()
        return
    for script in scripts:
        migrate.execute(script.sql.replace(str(migrate.TEMPLATE_ID), str(tenant_id)))


# ── as a job ─────────────────────────────────────────────────────────────────────────────────────


def ask_for_run(*, asked_by: str, asked_from: str, **params: int) -> Job:
    """Ask for a run over all clinics, in a shared scope; raises JobError where one is open."""
    open_one = Job.objects.filter(kind=KIND, state__in=Job.OPEN).first()
    if open_one is not None:
        raise jobs.JobOpenError("The clinics are being migrated already.")
    return jobs.ask(KIND, None, asked_by=asked_by, asked_from=asked_from, **params)


def latest_job() -> Job | None:
    found: Job | None = Job.objects.filter(kind=KIND).order_by("-created_at").first()
    return found


def pause_run() -> Job:
    """Let the open run end after the clinics under way; in a shared scope. Raises JobError."""
    job = latest_job()
    if job is None or not job.is_open:
        raise jobs.JobError("No migration of the clinics is open.")
    return jobs.cancel(job)


def resume_run() -> Job:
    """Take the last run up again where it was paused or has stopped; in a shared scope."""
    job = latest_job()
    if job is None:
        raise jobs.JobError("No migration of the clinics has been asked for.")
    return jobs.retry(job)


def _shared_tables(_work: jobs.Work) -> None:
    migrate.migrate_public()


def _template(_work: jobs.Work) -> None:
    migrate.refresh_template()


def _clinics(work: jobs.Work) -> None:
    begun = time.monotonic()
    report = migrate_clinics(
        migrate.heads_digest(),
        workers=int(work.params.get("workers", 2)),
        stop_after=int(work.params.get("stop_after", STOP_AFTER)),
        progress=work.progress,
    )
    work.finish(
        migrated=work.job.result.get("migrated", 0) + len(report.migrated),
        current=report.current, failed=len(report.errors), left=report.left,
        seconds=round(time.monotonic() - begun, 1), at=timezone.now().isoformat(timespec="seconds"),
    )  # fmt: skip
    if report.errors:
        clinic, error = next(iter(report.errors.items()))
        raise jobs.JobError(
            f"{len(report.errors)} clinics were not migrated and {report.left} not begun. "
            f"The first is clinic {clinic}: {error[:500]}"
        )


def register() -> None:
    """Make the run known as a kind of job; it is paused by cancelling and resumed by retrying it."""
    steps = (
        jobs.Step("shared", "Migrate the shared tables", _shared_tables),
        jobs.Step("template", "Record the new schema", _template),
        jobs.Step("clinics", "Migrate the clinics, the smallest first", _clinics),
    )
    jobs.register(jobs.Kind(KIND, "Migrate all clinics", steps))
