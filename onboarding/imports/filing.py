"""Brings the files of a loaded run into storage: out of the source, and out of container folders.

The records are loaded by then, in one transaction; files are many and large, so they come afterwards,
in short transactions. A batch that does not end leaves nothing in the database, and what it had written
to storage already is found there by its checksum the next time. So it can be stopped, killed and begun
again at any point.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count
from django.db.models.functions import Collate

from audit.services import record as record_event
from clinical.documents.many import ManyFiles
from clinical.documents.models import Document
from clinical.documents.tasks import prepare_pending
from onboarding.imports import maintenance, phases, runs
from onboarding.imports.filing_sources import FilesOfRun, FileUnavailableError
from onboarding.imports.functional import missing_files
from onboarding.imports.models import FileTask, ImportRun
from onboarding.imports.progress import Progress, StoppedError
from onboarding.imports.values.text import storable
from tenants.scope import NOBODY, tenant_scope
from tenants.storage import StorageUnavailableError

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Sequence

    from tenants.models import Tenant
    from tenants.scope import Actor

State, Fate = ImportRun.State, FileTask.State
BATCH_FILES = 100
BATCH_SECONDS = 2.0
"""After this long a batch is kept as far as it is: other people wait for its rows."""
LISTED_REASONS = 20
ALREADY = "It was in storage already."
GONE = "The document was deleted here."


@dataclass
class _Batch:
    """What became of the tasks of one transaction."""

    settled: list[FileTask] = field(default_factory=list)
    outage: str = ""


def wants_filing(run_id: uuid.UUID) -> bool:
    """True where a loaded run has files that nobody has tried to bring yet."""
    return (
        ImportRun.objects.filter(pk=run_id, state=State.LOADED).exists()
        and FileTask.objects.filter(run_id=run_id, state=Fate.WAITING).exists()
    )


def ask_again(run: ImportRun) -> int:
    """Have the missing and failed files of a loaded run tried again; answers how many wait now."""
    tasks = FileTask.objects.filter(run=run)
    tasks.filter(state__in=[Fate.MISSING, Fate.FAILED]).update(state=Fate.WAITING, reason="")
    return tasks.filter(state=Fate.WAITING).count()


def file_run(
    tenant: Tenant, run_id: uuid.UUID, *, actor: Actor = NOBODY, live: bool = True
) -> dict[str, Any]:
    """Bring every waiting file of a loaded run into storage; answers the account of all its files.

    Whatever ends it early leaves the run loaded, with the reason; the next call goes on from there.
    """
    run = runs.claim(tenant, run_id, to=State.FILING, of={State.LOADED}, actor=actor)
    progress = Progress(tenant, run.pk, live=live)
    problem = ""
    try:
        with progress.beating():
            _Filing(tenant, run, actor, progress).work()
    except StoppedError:
        problem = "Bringing the files over was stopped. What is here stays; it can go on any time."
    except StorageUnavailableError as error:
        problem = f"{error} The files that are here stay; try again to bring the others."
    except runs.AnotherRunError:
        raise
    except BaseException as error:
        runs.fail(tenant, run.pk, error, actor=actor)
        _settle(tenant, run_id, progress, "", actor=actor, failed=True)
        raise
    return _settle(tenant, run_id, progress, problem, actor=actor)


def _settle(
    tenant: Tenant,
    run_id: uuid.UUID,
    progress: Progress,
    problem: str,
    *,
    actor: Actor,
    failed: bool = False,
) -> dict[str, Any]:
    with tenant_scope(tenant, actor=actor):
        run = ImportRun.objects.select_for_update().get(pk=run_id)
        account = account_of(run)
        run.report = {**run.report, "files": account, "checks": _checked_anew(run)}
        if not failed:
            run.state, run.error, run.failed_in = State.LOADED, problem, ""
        run.save(update_fields=["report", "state", "error", "failed_in"])
        progress.write_log()
        maintenance.tell_all()
        record_event(
            "import.file",
            object_type="imports_importrun",
            object_id=str(run_id),
            result="failed" if problem or failed else "ok",
            payload={name: account[name] for name in ("stored", "missing", "failed", "waiting")},
        )
        if account["stored"]:
            prepare_pending.delay()
    return account


def _checked_anew(run: ImportRun) -> list[dict[str, Any]]:
    """The load looked for its files before they came: look again now that they are here."""
    looked = missing_files().as_json()
    checks = [check for check in run.report.get("checks", ()) if check["name"] != looked["name"]]
    return [*checks, looked]


def account_of(run: ImportRun) -> dict[str, Any]:
    """Count the files of a run by what became of them, with the reasons most often given."""
    counts = dict.fromkeys(Fate.values, 0)
    rows = FileTask.objects.filter(run=run).order_by().values_list("state", "reason")
    reasons = []
    already = 0
    for state, reason, count in rows.annotate(count=Count("id")):
        counts[state] += count
        if state == Fate.STORED and reason == ALREADY:
            already += count
        elif reason:
            reasons.append({"state": state, "reason": reason, "count": count})
    reasons.sort(key=lambda row: (-row["count"], row["reason"]))
    return {
        **counts,
        "already": already,
        "asked": sum(counts.values()),
        "reasons": reasons[:LISTED_REASONS],
    }


class _Filing:
    """One walk over the waiting files, in the order in which they lie in the source."""

    def __init__(self, tenant: Tenant, run: ImportRun, actor: Actor, progress: Progress) -> None:
        self._tenant, self._run, self._actor, self._progress = tenant, run, actor, progress

    def work(self) -> None:
        with tenant_scope(self._tenant, actor=self._actor):
            total = FileTask.objects.filter(run=self._run, state=Fate.WAITING).count()
        self._progress.expect(total)
        with ExitStack() as stack:
            phase = self._progress.phase("Bring the files over", total, number=phases.DOCUMENTS)
            line = stack.enter_context(phase)
            files = stack.enter_context(
                FilesOfRun(self._run.source, tenant=self._tenant, actor=self._actor)
            )
            for tasks in self._waiting():
                left: Sequence[FileTask] = tasks
                while left:
                    batch = self._file(left, files)
                    left = left[len(batch.settled) :]
                    line.errors += sum(task.state != Fate.STORED for task in batch.settled)
                    if batch.outage:
                        raise StorageUnavailableError(batch.outage)
                    self._progress.advance(len(batch.settled))

    def _waiting(self) -> Iterator[list[FileTask]]:
        """Yield the waiting tasks by table and cell: the cell of an object sorts as the object lies."""
        last: tuple[int, str, uuid.UUID] | None = None
        while True:
            with tenant_scope(self._tenant, actor=self._actor):
                found = list(_after(last, self._run.pk)[:BATCH_FILES])
            if not found:
                return
            yield found
            last = (found[-1].table_id, found[-1].cell, found[-1].pk)

    def _file(self, tasks: Sequence[FileTask], files: FilesOfRun) -> _Batch:
        """Store as many of the tasks' files as two seconds allow, in one transaction."""
        batch, began = _Batch(), time.monotonic()
        with tenant_scope(self._tenant, actor=self._actor), ManyFiles() as many:
            documents = Document.objects.in_bulk([task.document_id for task in tasks])
            brought: list[tuple[FileTask, Document, str]] = []
            for task in tasks:
                document = documents.get(task.document_id)
                if document is None:
                    _mark(task, Fate.FAILED, GONE)
                    batch.settled.append(task)
                    continue
                had = document.sha256 if document.state == Document.State.STORED else ""
                said, document.problem = document.problem, ""
                brought.append((task, document, had))
                _bring(task, document, files, many, said)
                if many.outage or time.monotonic() - began > BATCH_SECONDS:
                    break
            many.settle()
            batch.outage = many.outage
            batch.settled += [
                task for task, document, had in brought if _settled(task, document, had)
            ]
            _write_fates(batch.settled)
        return batch


def _bring(
    task: FileTask, document: Document, files: FilesOfRun, many: ManyFiles, said: str
) -> None:
    """Bring one file; a document that is missing for the reason it was before is left untouched."""
    try:
        found = files.find(task.table_id, task.cell)
        document.file_name = document.file_name or storable(found.name)
        many.add(document, found.chunks)
    except FileUnavailableError as error:
        if (document.state, said) != (Document.State.MISSING, str(error)):
            many.say(document, Document.State.MISSING, str(error))
        _mark(task, Fate.MISSING if error.is_missing else Fate.FAILED, str(error))


def _settled(task: FileTask, document: Document, had: str) -> bool:
    """Note what became of a task; False where the storage did not answer, so that it waits on."""
    if task.state != Fate.WAITING:
        return True
    if document.state == Document.State.AWAITING:
        return False
    if document.state != Document.State.STORED or document.problem:
        _mark(task, Fate.FAILED, document.problem)
    else:
        _mark(task, Fate.STORED, ALREADY if had and had == document.sha256 else "")
    return True


def _write_fates(tasks: Sequence[FileTask]) -> None:
    """One statement for a batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE imports_filetask AS t SET state = n.state, reason = n.reason, "
            "attempts = t.attempts + 1 FROM unnest(%s::uuid[], %s::text[], %s::text[]) "
            "AS n (id, state, reason) WHERE t.id = n.id",
            [
                [task.pk for task in tasks],
                [task.state for task in tasks],
                [task.reason for task in tasks],
            ],
        )


def _after(last: tuple[int, str, uuid.UUID] | None, run_id: uuid.UUID) -> Any:
    rows = FileTask.objects.filter(run_id=run_id, state=Fate.WAITING).annotate(
        place=Collate("cell", "C")
    )
    if last is not None:
        table_id, cell, pk = last
        rows = rows.filter(table_id__gte=table_id).exclude(table_id=table_id, place__lt=cell)
        rows = rows.exclude(table_id=table_id, place=cell, pk__lte=pk)
    return rows.order_by("table_id", "place", "pk")


def _mark(task: FileTask, state: str, reason: str) -> None:
    task.state, task.reason = state, reason
