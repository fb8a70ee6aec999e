"""The state of a run: who may take the next step, one at work at a time, what happens when it fails."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, connection, transaction

from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.imports import at_work, maintenance
from onboarding.imports.loading.ledger import UnreconciledError
from onboarding.imports.mapping import MappingError
from onboarding.imports.models import ImportRun, ImportSource, RunProgress
from onboarding.imports.progress import StoppedError, is_stale
from tenants.scope import current_scope, tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Sequence

    from tenants.models import Tenant
    from tenants.scope import Actor

log = logging.getLogger(__name__)
State = ImportRun.State
LOCK_OF_IMPORTS = 0x696D70
"""Second key of the advisory lock; the first is the clinic's id."""
MOST_ATTEMPTS = 4


class ImportRefusedError(Exception):
    """The step cannot be taken now; the text is for a person. Retrying at once does not help."""


class WrongStateError(ImportRefusedError):
    """The run is not where this step begins."""


class AnotherRunError(ImportRefusedError):
    """Another import of the clinic is at work."""

    def __init__(self) -> None:
        super().__init__(
            "Another import of this clinic is at work. One at a time: wait until it has ended, "
            "or stop it first."
        )


def begin_run(
    source: ImportSource,
    *,
    actor: Actor,
    mode: str = ImportRun.Mode.UPDATE,
    by_hand: str = ImportRun.ByHand.KEEP,
) -> ImportRun:
    """Make a run for a file that has arrived; the caller is in the clinic's scope."""
    if source.state not in {ImportSource.State.RECEIVED, ImportSource.State.STAGED}:
        raise WrongStateError("The file has not arrived whole, or was deleted. Upload it again.")
    staged = source.state == ImportSource.State.STAGED
    run = ImportRun.objects.create(
        source=source,
        state=State.PROFILED if staged else State.UPLOADED,
        started_by=actor.label,
        mode=mode,
        by_hand=by_hand,
    )
    RunProgress.objects.create(run=run)
    return run


def queue(run_id: uuid.UUID, *, to: str, of: Collection[str]) -> ImportRun:
    """Take the run into a working state for a worker to come; the caller is in the clinic's scope."""
    return _enter(run_id, to=to, of=of, attempt=0)


def claim(
    tenant: Tenant, run_id: uuid.UUID, *, to: str, of: Collection[str], actor: Actor
) -> ImportRun:
    """Begin a step as its worker; whoever comes second is refused.

    A queued run, and one whose worker has died, is taken up in the state in which it stands.
    """
    with tenant_scope(tenant, actor=actor):
        run = _enter(run_id, to=to, of=of, attempt=1)
    if run.state != to:
        raise WrongStateError(run.error)
    return run


def _enter(run_id: uuid.UUID, *, to: str, of: Collection[str], attempt: int) -> ImportRun:
    run = ImportRun.objects.select_for_update(of=("self",)).select_related("source").get(pk=run_id)
    progress, _ = RunProgress.objects.get_or_create(run=run)
    now = datetime.now(UTC)
    if run.state == to:
        waits = progress.attempt == 0 and attempt > 0
        if not waits and not is_stale(progress, now=now):
            raise AnotherRunError
        attempt = progress.attempt + 1
    elif run.state not in of and not (run.state == State.FAILED and run.failed_in == to):
        raise WrongStateError(f"This import is “{run.get_state_display()}”: not now.")
    if attempt > MOST_ATTEMPTS:
        _note_failure(run, f"It was taken up {MOST_ATTEMPTS} times and never came to its end.")
        return run
    run.state, run.error, run.failed_in = to, "", ""
    try:
        with transaction.atomic():
            run.save(update_fields=["state", "error", "failed_in"])
    except IntegrityError:
        raise AnotherRunError from None
    RunProgress.objects.filter(pk=progress.pk).update(
        attempt=attempt,
        stop_requested=False,
        heartbeat_at=now,
        phase="",
        done=0,
        total=0,
        all_done=0,
        all_total=0,
        lines=[],
        started_at=now,
    )
    at_work.mark()
    maintenance.tell_all()
    return run


def lock_imports() -> None:
    """Hold the clinic's import lock until the transaction ends; refuses where another holds it.

    The state says who is at work; the lock is for the worker that was believed dead and was not.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)", [current_scope().tenant_id, LOCK_OF_IMPORTS]
        )
        if not cursor.fetchone()[0]:
            raise AnotherRunError


def fail(tenant: Tenant, run_id: uuid.UUID, error: BaseException, *, actor: Actor) -> str:
    """Leave the run stopped with the reason; answers the reason. No value of a patient gets into it."""
    reason = _words(error)
    with tenant_scope(tenant, actor=actor):
        run = ImportRun.objects.select_for_update().get(pk=run_id)
        if run.is_working:
            _note_failure(run, reason)
    return reason


def _note_failure(run: ImportRun, reason: str) -> None:
    """A run whose corrected records or files could not be taken over stays what it was: loaded."""
    if run.state in {State.MENDING, State.FILING}:
        run.failed_in, run.state, run.error = "", State.LOADED, reason
    else:
        run.failed_in, run.state, run.error = run.state, State.FAILED, reason
    run.save(update_fields=["failed_in", "state", "error"])
    maintenance.tell_all()


def _words(error: BaseException) -> str:
    if isinstance(error, FileMakerFileError):
        return f"{error.message} {error.remedy}"
    known = (StoppedError, UnreconciledError, MappingError, ImportRefusedError)
    if isinstance(error, known):
        return str(error)
    # The message of a database error quotes rows: only its kind and its place go to the log.
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("import failed with %s\n%s", type(error).__name__, frames)
    return (
        f"Something went wrong on our side ({type(error).__name__}). Nothing of it was kept; "
        "try again, and if it happens again tell us."
    )


@dataclass(frozen=True)
class AtWork:
    """The runs of a clinic that are at work, and those of them whose worker has died."""

    working: Sequence[ImportRun]
    stale: Sequence[ImportRun]


def runs_at_work(*, now: datetime) -> AtWork:
    """Answer the runs of the clinic in scope that are at work."""
    working = list(ImportRun.objects.filter(state__in=ImportRun.WORKING).select_related("progress"))
    stale = [run for run in working if is_stale(getattr(run, "progress", None), now=now)]
    return AtWork(working, stale)


def ask_to_stop(run_id: uuid.UUID) -> None:
    RunProgress.objects.filter(run_id=run_id).update(stop_requested=True)
