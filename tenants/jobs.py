"""Work on a clinic's life as jobs: asked for, done step by step by a worker, resumed after any crash.

A kind of job is a list of steps, registered by whoever can do it. Before a step runs its name stands in
the row; a worker that dies there leaves a row whose heart does not beat, and another one begins that same
step again. So a step must be safe to run twice. What it leaves for the next one stands in `work.notes`.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from tenants.models import Job, Tenant
from tenants.scope import current_scope, public_scope, shared_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

log = logging.getLogger(__name__)

OWNER = "owner"
EVERY = 2.0
"""Seconds between two beats."""
STALE = timedelta(seconds=30)
"""A job at work that has not been heard of for so long has lost its worker."""

State = Job.State


class JobError(Exception):
    """What was asked for cannot be done, or cannot go on; the message is for a person."""


class JobOpenError(JobError):
    """Another job of the same clinic is open."""


class ClaimLostError(Exception):
    """Another worker has taken the job over, because this one was silent for too long."""


class CancelledError(Exception):
    """Somebody has asked for the job to end."""


class PostponedError(Exception):
    """The step is to be done at a later moment; until then nobody works at the job."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


@dataclass(frozen=True)
class Step:
    """One step: its name in the row, what a person reads, what it does."""

    name: str
    words: str
    run: Callable[[Work], None]


@dataclass(frozen=True)
class Kind:
    """One kind of job."""

    name: str
    title: str
    steps: tuple[Step, ...]
    from_clinic: bool = False
    """Whether a clinic's own owner may ask for it; else operators and commands only."""
    needs_second: bool = False
    """Whether a second operator must approve before the first step."""
    is_alone: bool = True
    """Whether it keeps every other such job of the clinic out."""
    can_cancel: bool = True
    no_return: str = ""
    """The step from which on it can no longer be cancelled, where there is one."""
    waives_second: Callable[[dict[str, Any]], bool] = lambda _params: False
    """Says of a job's params that one person is enough for it after all."""

    def may_end_at(self, step: str) -> bool:
        """Say whether a job that stands at this step may be cancelled."""
        names = [known.name for known in self.steps]
        if not self.can_cancel or self.no_return not in names or step not in names:
            return self.can_cancel
        return names.index(step) < names.index(self.no_return)

    def is_held(self, params: dict[str, Any]) -> bool:
        return self.needs_second and not self.waives_second(params)


@dataclass
class Work:
    """What a step is given. It runs outside every scope and opens its own."""

    job: Job
    claim: uuid.UUID
    done: int = 0
    total: int = 0
    notes: dict[str, Any] = field(default_factory=dict)
    _wants_cancel: bool = False
    _is_lost: bool = False

    @property
    def params(self) -> dict[str, Any]:
        return dict(self.job.params)

    @property
    def tenant(self) -> Tenant:
        """The clinic as its row stands now; raises JobError for a job without one."""
        if self.job.tenant_id is None:
            raise JobError("This job has no clinic.")
        with public_scope(using=OWNER):
            found: Tenant = Tenant.objects.get(pk=self.job.tenant_id)
        return found

    def adopt(self, tenant: Tenant) -> None:
        """Make the job that of a clinic it has just made."""
        self._write(tenant_id=tenant.pk)
        self.job.tenant_id = tenant.pk

    def progress(self, done: int, total: int | None = None) -> None:
        """Say how far the step is; the row is written by the heart. Ends the step where it must end."""
        self.done, self.total = done, self.total if total is None else total
        self.check()

    def check(self) -> None:
        """Raise where somebody has cancelled the job, or another worker has taken it over."""
        if self._is_lost:
            raise ClaimLostError
        if self._wants_cancel and kind_of(self.job).may_end_at(self.job.step):
            raise CancelledError

    def wait_until(self, moment: datetime) -> None:
        """Go on where the moment has come; else put the job back until then."""
        if timezone.now() < moment:
            raise PostponedError(moment)

    def keep(self, **notes: Any) -> None:
        """Leave something for later steps, and for this one if it is run again: written at once."""
        self.notes.update(notes)
        self._write(notes=self.notes)

    def finish(self, **result: Any) -> None:
        """Add to what the job has come to."""
        self.job.result = {**self.job.result, **result}
        self._write(result=self.job.result)

    def _write(self, **changes: Any) -> None:
        with public_scope(using=OWNER):
            mine = Job.objects.filter(pk=self.job.pk, claim=self.claim)
            if not mine.update(heartbeat_at=timezone.now(), **changes):
                self._is_lost = True
        self.check()

    def beat(self) -> None:
        """Write how far the work is, and hear whether it is still wanted. For the heart's thread."""
        with public_scope(using=OWNER):
            mine = Job.objects.filter(pk=self.job.pk, claim=self.claim, state=State.RUNNING)
            wants = mine.values_list("wants_cancel", flat=True).first()
            if wants is None:
                self._is_lost = True
                return
            self._wants_cancel = wants
            mine.update(heartbeat_at=timezone.now(), done=self.done, total=self.total)


_kinds: dict[str, Kind] = {}
_listeners: list[Callable[[Job, str], None]] = []


def register(*found: Kind) -> None:
    """Make kinds of jobs known; called from an AppConfig's ready()."""
    _kinds.update((kind.name, kind) for kind in found)


def kinds() -> Iterable[Kind]:
    return tuple(_kinds.values())


def kind_named(name: str) -> Kind:
    """Answer the kind; raises JobError for a name nobody has registered."""
    try:
        return _kinds[name]
    except KeyError:
        raise JobError(f"There is no job “{name}”.") from None


def kind_of(job: Job) -> Kind:
    return kind_named(job.kind)


def listen(listener: Callable[[Job, str], None]) -> None:
    """Have `listener(job, what)` called, outside every scope, whenever there is news of a job.

    `what` is asked, approved, retried, begun, `step:NAME`, done, failed or cancelled.
    """
    _listeners.append(listener)


@contextmanager
def listening(listener: Callable[[Job, str], None]) -> Iterator[None]:
    """Have `listener` called for the length of the block only."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(job: Job, what: str) -> None:
    for listener in tuple(_listeners):
        try:
            listener(job, what)
        except Exception:
            log.exception("a job's news could not be passed on")


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


def ask(
    name: str,
    tenant: Tenant | None,
    /,
    *,
    asked_by: str,
    asked_from: str,
    not_before: Any = None,
    **params: Any,
) -> Job:
    """Ask for a job, in the scope that is open; the worker is woken once this is kept.

    In a clinic's scope the row can only be the clinic's own (`tenants.grants`). Raises JobError.
    """
    kind = kind_named(name)
    if asked_from == "clinic" and not kind.from_clinic:
        raise JobError(f"{kind.title} is for the platform's operators.")
    held = kind.is_held(params)
    job = Job(
        tenant_id=tenant.pk if tenant is not None else None,
        kind=name,
        params=params,
        is_alone=kind.is_alone,
        asked_by=asked_by,
        asked_from=asked_from,
        not_before=not_before,
        state=State.HELD if held else State.QUEUED,
        step=kind.steps[0].name,
    )
    alias = current_scope().alias
    try:
        with transaction.atomic(using=alias):
            if current_scope().is_clinic:
                _insert_from_clinic(job)
            else:
                job.save(force_insert=True)
    except IntegrityError:
        raise JobOpenError(
            "Something else is being done with this clinic now. Wait until it has ended."
        ) from None
    transaction.on_commit(lambda: _wake(job, "asked"), using=alias)
    return job


def _insert_from_clinic(job: Job) -> None:
    """Write a clinic's own wish: the shared tables are not in its search path."""
    job.created_at = timezone.now()
    with shared_rows() as cursor:
        cursor.execute(
            "INSERT INTO public.tenants_job (id, tenant_id, kind, params, state, is_alone, "
            "asked_from, asked_by, approved_by, not_before, step, log, notes, result, done, total, "
            "problem, wants_cancel, attempts, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, "
            "'', %s, %s, '[]', '{}', '{}', 0, 0, '', false, 0, %s)",
            [
                job.pk, job.tenant_id, job.kind, json.dumps(job.params), job.state, job.is_alone,
                job.asked_from, job.asked_by, job.not_before, job.step, job.created_at,
            ],
        )  # fmt: skip


def of_running_clinic(*, most: int = 50) -> list[Job]:
    """Answer the running clinic's own jobs, newest first, inside its scope."""
    with shared_rows():
        return list(
            Job.objects.raw(
                "SELECT * FROM public.tenants_job ORDER BY created_at DESC LIMIT %s", [most]
            )
        )


def approve(job: Job, *, approved_by: str) -> Job:
    """Let a held job run. Raises JobError for whoever has asked for it: two people, not one twice."""
    if job.state != State.HELD:
        raise JobError("This job does not wait for anybody.")
    if approved_by.casefold() == job.asked_by.casefold():
        raise JobError("A second person must approve what you have asked for.")
    changed = Job.objects.filter(pk=job.pk, state=State.HELD).update(
        state=State.QUEUED, approved_by=approved_by
    )
    if not changed:
        raise JobError("Somebody else has just decided on this job.")
    job.refresh_from_db()
    transaction.on_commit(lambda: _wake(job, "approved"), using=current_scope().alias)
    return job


def cancel(job: Job) -> Job:
    """End a job: at once where nobody works at it, else at the next point at which it can end."""
    if not job.is_open:
        raise JobError("This job has ended already.")
    if job.attempts and not kind_of(job).may_end_at(job.step):
        raise JobError(f"{kind_of(job).title} cannot be broken off once it has begun.")
    waiting = Job.objects.filter(pk=job.pk).exclude(state=State.RUNNING)
    ended = waiting.filter(state__in=Job.OPEN).update(
        state=State.CANCELLED, finished_at=timezone.now()
    )
    if not ended:
        Job.objects.filter(pk=job.pk).update(wants_cancel=True)
    job.refresh_from_db()
    if ended:
        transaction.on_commit(lambda: tell(job, "cancelled"), using=current_scope().alias)
    return job


def retry(job: Job) -> Job:
    """Let a stopped job go on at the step it stopped in."""
    if job.state not in {State.FAILED, State.CANCELLED}:
        raise JobError("Only a job that has stopped can be taken up again.")
    try:
        with transaction.atomic(using=current_scope().alias):
            Job.objects.filter(pk=job.pk).update(
                state=State.QUEUED, problem="", wants_cancel=False, finished_at=None
            )
    except IntegrityError:
        raise JobOpenError(
            "Something else is being done with this clinic now. Wait until it has ended."
        ) from None
    job.refresh_from_db()
    transaction.on_commit(lambda: _wake(job, "retried"), using=current_scope().alias)
    return job


def _wake(job: Job, what: str) -> None:
    from tenants.tasks import run_job

    tell(job, what)
    if job.state == State.QUEUED:
        try:
            run_job.apply_async((str(job.pk),), retry=False)
        except Exception:  # noqa: BLE001 - the beat finds it within half a minute
            log.warning("a job could not be handed to the workers; it is found again")


# ── running ──────────────────────────────────────────────────────────────────────────────────────


def run(job_id: uuid.UUID | str) -> Job | None:  # noqa: PLR0911 - one for each way it can end
    """Do a job's steps; outside every scope. None where it is not to be done now, or another does it."""
    claim = uuid.uuid4()
    job = _claim(uuid.UUID(str(job_id)), claim)
    if job is None:
        return None
    work = Work(job=job, claim=claim, notes=dict(job.notes))
    if job.attempts == 1:
        tell(job, "begun")
    try:
        with _beating(work):
            _run_steps(work)
    except ClaimLostError:
        log.warning("job %s is another worker's now", job.pk)
        return None
    except PostponedError as error:
        return _put_back(work, error.until)
    except CancelledError:
        return _end(work, State.CANCELLED, "cancelled")
    except JobError as error:
        return _end(work, State.FAILED, "failed", problem=str(error)[:1000])
    except Exception as error:
        log.exception("job %s stopped", job.pk)
        words = f"{type(error).__name__}. The log of the worker says where."
        return _end(work, State.FAILED, "failed", problem=words)
    return _end(work, State.DONE, "done")


def _run_steps(work: Work) -> None:
    steps = kind_of(work.job).steps
    names = [step.name for step in steps]
    begin = names.index(work.job.step) if work.job.step in names else 0
    for place in range(begin, len(steps)):
        step = steps[place]
        work.done = work.total = 0
        work._write(step=step.name, done=0, total=0)  # noqa: SLF001 - the runner's own
        started = timezone.now()
        step.run(work)
        now = timezone.now()
        line = {
            "step": step.name,
            "at": now.isoformat(timespec="seconds"),
            "seconds": round((now - started).total_seconds(), 3),
        }
        work.job.log = [*work.job.log, line]
        following = names[place + 1] if place + 1 < len(steps) else ""
        work._write(log=work.job.log, step=following)  # noqa: SLF001
        work.job.step = following
        tell(work.job, f"step:{step.name}")


def _claim(job_id: uuid.UUID, claim: uuid.UUID) -> Job | None:
    """Take the job if it waits, or if whoever had it has not been heard of; compare and swap."""
    now = timezone.now()
    free = Q(state=State.QUEUED) | Q(state=State.RUNNING, heartbeat_at__lt=now - STALE)
    with public_scope(using=OWNER):
        taken = (
            Job.objects.filter(free, pk=job_id)
            .filter(Q(not_before=None) | Q(not_before__lte=now))
            .update(state=State.RUNNING, claim=claim, heartbeat_at=now, attempts=F("attempts") + 1)
        )
        if not taken:
            return None
        Job.objects.filter(pk=job_id, started_at=None).update(started_at=now)
        job: Job = Job.objects.get(pk=job_id)
    try:
        kind = kind_of(job)
    except JobError as error:
        _end(Work(job=job, claim=claim), State.FAILED, "failed", problem=str(error))
        return None
    if job.asked_from == "clinic" and not kind.from_clinic:
        words = f"{kind.title} is for the platform's operators."
        _end(Work(job=job, claim=claim), State.FAILED, "failed", problem=words)
        return None
    if kind.is_held(job.params) and not job.approved_by:
        with public_scope(using=OWNER):
            Job.objects.filter(pk=job_id, claim=claim).update(state=State.HELD, claim=None)
        return None
    return job


def _put_back(work: Work, until: datetime) -> Job | None:
    with public_scope(using=OWNER):
        mine = Job.objects.filter(pk=work.job.pk, claim=work.claim)
        if mine.filter(wants_cancel=False).update(state=State.QUEUED, claim=None, not_before=until):
            job: Job = Job.objects.get(pk=work.job.pk)
            return job
    return _end(work, State.CANCELLED, "cancelled")


def _end(work: Work, state: str, what: str, *, problem: str = "") -> Job | None:
    with public_scope(using=OWNER):
        ended = Job.objects.filter(pk=work.job.pk, claim=work.claim).update(
            state=state, problem=problem, finished_at=timezone.now(), claim=None,
            wants_cancel=False, done=work.done, total=work.total,
        )  # fmt: skip
        job: Job = Job.objects.get(pk=work.job.pk)
    if not ended:
        return None
    tell(job, what)
    return job


@contextmanager
def _beating(work: Work) -> Iterator[None]:
    end = threading.Event()

    def beat() -> None:
        try:
            while not end.wait(EVERY):
                try:
                    work.beat()
                except DatabaseError:
                    connections[OWNER].close()  # one missed beat is no reason to stop
        finally:
            connections[OWNER].close()

    thread = threading.Thread(target=beat, name="job heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(timeout=10)


def forgotten() -> list[uuid.UUID]:
    """Answer the jobs nobody works at that should be worked at: the queue was lost, a worker died."""
    now = timezone.now()
    due = Q(not_before=None) | Q(not_before__lte=now)
    lost = Q(state=State.RUNNING, heartbeat_at__lt=now - STALE)
    with public_scope(using=OWNER):
        waiting = Job.objects.filter(Q(state=State.QUEUED) & due | lost).order_by("created_at")
        return list(waiting.values_list("pk", flat=True))
