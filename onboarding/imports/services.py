"""The verbs of an import, each a step of a run. What lasts opens its own short scopes."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction

from audit.services import record as record_event
from onboarding.imports import maintenance, notices, quarantine, runs
from onboarding.imports.filing import file_run, wants_filing
from onboarding.imports.identity import settle_key
from onboarding.imports.loading.engine import Loader
from onboarding.imports.loading.ledger import Ledger
from onboarding.imports.mapping import MappingSpec
from onboarding.imports.mapping_change import carry_over
from onboarding.imports.mapping_check import check_spec
from onboarding.imports.models import ImportRun, ImportSource, Mapping
from onboarding.imports.progress import Progress
from onboarding.imports.runs import AnotherRunError, WrongStateError
from onboarding.imports.snapshot import differences, drop_unfinished
from onboarding.imports.staging import stage_source
from onboarding.imports.structure import Structure
from onboarding.imports.suggest import suggest
from onboarding.imports.undo import undo_changes
from onboarding.imports.upload import receive_file
from onboarding.imports.walk import Walk
from tenants.scope import NOBODY, tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator
    from pathlib import Path

    from tenants.models import Tenant
    from tenants.scope import Actor

State = ImportRun.State


@contextmanager
def _at_work(tenant: Tenant, run: ImportRun, *, actor: Actor, live: bool) -> Iterator[Progress]:
    """Show progress while the block runs; whatever ends it leaves the run failed, with the reason."""
    progress = Progress(tenant, run.pk, live=live)
    try:
        with progress.beating():
            yield progress
    except AnotherRunError:
        raise  # the run belongs to the worker that holds the lock
    except BaseException as error:
        runs.fail(tenant, run.pk, error, actor=actor)
        with tenant_scope(tenant, actor=actor):
            progress.write_log()
            if run.state == State.LOADING:
                drop_unfinished(run.pk)
                notices.post(notices.Notice.STOPPED, run.pk)
        raise


def read_file(
    tenant: Tenant, run_id: uuid.UUID, *, actor: Actor = NOBODY, live: bool = True
) -> ImportRun:
    """Stage and profile the run's file, and prepare its mapping: the last confirmed or a suggestion."""
    run = runs.claim(tenant, run_id, to=State.READING, of={State.UPLOADED}, actor=actor)
    with _at_work(tenant, run, actor=actor, live=live) as progress:
        stage_source(tenant, run.source_id, actor=actor, progress=progress)
        with tenant_scope(tenant, actor=actor):
            run.refresh_from_db()
            source = run.source
            settle_key(source)
            with progress.phase("Suggest a mapping"):
                spec = suggested_spec(source, time_zone=tenant.time_zone)
                spec = _as_confirmed_before(source, spec)
                source.profile = {**source.profile, "suggestion": spec.as_json()}
                source.save(update_fields=["profile"])
            run.mapping = fitting_mapping(source)
            run.state = State.PROFILED
            run.save(update_fields=["mapping", "state"])
            progress.write_log()
    return run


def _as_confirmed_before(source: ImportSource, suggestion: MappingSpec) -> MappingSpec:
    """Carry the mapping of the same file over where its structure has changed since."""
    earlier = (
        ImportRun.objects.filter(source__key=source.key, mapping__isnull=False)
        .exclude(source=source)
        .exclude(source__fingerprint=source.fingerprint)
        .select_related("source", "mapping")
        .first()
    )
    if earlier is None or earlier.mapping is None:
        return suggestion
    old = MappingSpec.from_json(earlier.mapping.spec)
    known = Structure.from_json(earlier.source.structure)
    return carry_over(old, known, suggestion, Structure.from_json(source.structure))


def proposed_spec(run: ImportRun) -> MappingSpec:
    """Answer the mapping to look at: the run's own or last confirmed one, else the suggestion."""
    if run.mapping is not None:
        return MappingSpec.from_json(run.mapping.spec)
    return MappingSpec.from_json(run.source.profile["suggestion"])


def latest_mapping(source: ImportSource) -> Mapping | None:
    """Answer the mapping last saved for files of this structure."""
    return Mapping.objects.filter(fingerprint=source.fingerprint).first()


def fitting_mapping(source: ImportSource) -> Mapping | None:
    """Answer the mapping to begin with. Columns without names fit anything: only the same file's do."""
    if Structure.from_json(source.structure).has_names:
        return latest_mapping(source)
    known = Mapping.objects.filter(fingerprint=source.fingerprint, runs__source__key=source.key)
    return known.first()


def suggested_spec(source: ImportSource, *, time_zone: str) -> MappingSpec:
    """Suggest a mapping for a staged file; needs the clinic's scope."""
    structure = Structure.from_json(source.structure)

    def overlap(table: int, field: int, other_table: int, other_field: int) -> float:
        with connection.cursor() as cursor:
            cursor.execute(
                "WITH mine AS (SELECT DISTINCT btrim(payload ->> %s) AS v FROM imports_stagedrecord "
                "WHERE source_id = %s AND table_id = %s AND payload ->> %s <> '' LIMIT 500), "
                "theirs AS (SELECT DISTINCT btrim(payload ->> %s) AS v FROM imports_stagedrecord "
                "WHERE source_id = %s AND table_id = %s) "
                "SELECT count(*) FILTER (WHERE t.v IS NOT NULL)::float / greatest(count(*), 1) "
                "FROM mine AS m LEFT JOIN theirs AS t USING (v)",
                [
                    str(field),
                    source.pk,
                    table,
                    str(field),
                    str(other_field),
                    source.pk,
                    other_table,
                ],
            )
            return float(cursor.fetchone()[0])

    return suggest(structure, source.profile, time_zone=time_zone, overlap=overlap)


@transaction.atomic
def save_mapping(run: ImportRun, spec: MappingSpec, *, actor: Actor) -> Mapping:
    """Confirm the mapping of a run: a new version for this structure, unless nothing has changed.

    Raises MappingError where it does not fit the file. An earlier dry run no longer counts.
    """
    may = {State.PROFILED, State.MAPPED, State.CHECKED, State.FAILED}
    run = ImportRun.objects.select_for_update().select_related("source").get(pk=run.pk)
    if run.state not in may or run.failed_in in {State.READING, State.UNDOING}:
        raise WrongStateError(f"This import is “{run.get_state_display()}”: not now.")
    check_spec(spec, Structure.from_json(run.source.structure))
    latest = latest_mapping(run.source)
    kept = spec.as_json()
    if latest is None or latest.spec != kept:
        latest = Mapping.objects.create(
            fingerprint=run.source.fingerprint,
            version=latest.version + 1 if latest else 1,
            spec=kept,
            saved_by=actor.label,
        )
    run.mapping, run.state, run.dry_report = latest, State.MAPPED, {}
    run.failed_in = run.error = ""
    run.save(update_fields=["mapping", "state", "dry_report", "failed_in", "error"])
    return latest


def check_run(
    tenant: Tenant, run_id: uuid.UUID, *, actor: Actor = NOBODY, live: bool = True
) -> dict[str, Any]:
    """Run the import dry: all of it, rolled back; answers the report."""
    steps = {State.MAPPED, State.CHECKED}
    run = runs.claim(tenant, run_id, to=State.CHECKING, of=steps, actor=actor)
    return _load(tenant, run, dry=True, actor=actor, live=live)


def load_run(
    tenant: Tenant,
    run_id: uuid.UUID,
    *,
    actor: Actor = NOBODY,
    live: bool = True,
    unchecked: bool = False,
) -> dict[str, Any]:
    """Load the run for good; answers the report. `unchecked`: without a dry run before it."""
    steps = {State.CHECKED, State.MAPPED} if unchecked else {State.CHECKED}
    run = runs.claim(tenant, run_id, to=State.LOADING, of=steps, actor=actor)
    with tenant_scope(tenant, actor=actor):
        notices.post(notices.Notice.BEGINS, run.pk)
    return _load(tenant, run, dry=False, actor=actor, live=live)


def _load(tenant: Tenant, run: ImportRun, *, dry: bool, actor: Actor, live: bool) -> dict[str, Any]:
    with (
        _at_work(tenant, run, actor=actor, live=live) as progress,
        Ledger(run, dry=dry) as ledger,
        tenant_scope(tenant, actor=actor),
    ):
        runs.lock_imports()
        run = _still_mine(run)
        if run.mapping is None:
            raise WrongStateError("Confirm the mapping first.")
        settle_key(run.source)
        spec = MappingSpec.from_json(run.mapping.spec)
        walk = Walk(Loader(run, spec, ledger, progress, dry=dry), progress, dry=dry)
        walk.prepare()
        with transaction.atomic():
            report = walk.run_through()
            transaction.set_rollback(dry)
        ledger.store()
        quarantine.keep_raw(run, dry=dry)
        progress.write_log()
        _finish(run, report, dry=dry)
        if not dry:
            notices.post(notices.Notice.LOADED, run.pk)
    return report


def _still_mine(run: ImportRun) -> ImportRun:
    """Read the run anew under the lock: a worker believed dead may have finished it meanwhile."""
    found = ImportRun.objects.select_related("source", "mapping").get(pk=run.pk)
    if found.state != run.state:
        raise WrongStateError("Another worker has finished this step.")
    return found


def _finish(run: ImportRun, report: dict[str, Any], *, dry: bool) -> None:
    if dry:
        run.dry_report, run.state = report, State.CHECKED
    else:
        run.report, run.state, run.loaded_at = report, State.LOADED, datetime.now(UTC)
    run.failed_in = run.error = ""
    run.save(
        update_fields=[
            *("dry_report", "report", "state", "loaded_at", "failed_in", "error", "snapshot")
        ]
    )
    maintenance.tell_all()
    record_event(
        "import.check" if dry else "import.load",
        object_type="imports_importrun",
        object_id=str(run.pk),
        payload={"file": run.source.file_name, "sha256": run.source.sha256, **report["totals"]},
    )


def mend_run(
    tenant: Tenant, run_id: uuid.UUID, *, actor: Actor = NOBODY, live: bool = True
) -> dict[str, Any]:
    """Try the records of a loaded run that were set aside again, with what people said of them.

    Answers the amended report. What is let in belongs to the run: undoing it takes that back too.
    """
    run = runs.claim(tenant, run_id, to=State.MENDING, of={State.LOADED}, actor=actor)
    with (
        _at_work(tenant, run, actor=actor, live=live) as progress,
        Ledger(run, dry=False) as ledger,
        tenant_scope(tenant, actor=actor),
    ):
        runs.lock_imports()
        run = _still_mine(run)
        if run.mapping is None:
            raise WrongStateError("Confirm the mapping first.")
        loader = Loader(run, MappingSpec.from_json(run.mapping.spec), ledger, progress, dry=False)
        records = quarantine.records_to_mend(run)
        with transaction.atomic():
            loader.mend(records)
            ledger.check()
        ledger.store(mended=True)
        quarantine.mark_mended(run, records)
        quarantine.keep_raw(run, dry=False)
        progress.write_log()
        run.report, run.state = quarantine.amend_report(run, ledger, actor=actor), State.LOADED
        run.failed_in = run.error = ""
        run.save(update_fields=["report", "state", "failed_in", "error"])
        quarantine.note_mending(run, ledger)
        maintenance.tell_all()
        report: dict[str, Any] = run.report
    return report


STEPS_BEFORE: dict[str, set[str]] = {
    State.READING: {State.UPLOADED},
    State.CHECKING: {State.MAPPED, State.CHECKED},
    State.LOADING: {State.CHECKED},
    State.FILING: {State.LOADED},
    State.MENDING: {State.LOADED},
    State.UNDOING: {State.LOADED},
}


def request_step(run_id: uuid.UUID, step: str) -> ImportRun:
    """Queue a step of a run for a worker; the caller is in the clinic's scope and sends the task.

    Raises WrongStateError out of turn (loading before a dry run), AnotherRunError while one works.
    """
    if step == State.LOADING:
        run = ImportRun.objects.only("dry_report", "state").get(pk=run_id)
        if not run.dry_report.get("holds"):
            raise WrongStateError("Run the import dry first: it shows what would happen.")
    return runs.queue(run_id, to=step, of=STEPS_BEFORE[step])


def undo_run(
    tenant: Tenant, run_id: uuid.UUID, *, actor: Actor = NOBODY, live: bool = True
) -> dict[str, Any]:
    """Take a loaded run back: what it made goes, what it changed returns, edits since stay.

    Answers what was taken back and what was kept, with both versions.
    """
    run = runs.claim(tenant, run_id, to=State.UNDOING, of={State.LOADED}, actor=actor)
    with (
        _at_work(tenant, run, actor=actor, live=live) as progress,
        tenant_scope(tenant, actor=actor),
    ):
        runs.lock_imports()
        run = _still_mine(run)
        with progress.phase("Take back what was loaded"):
            report = undo_changes(run, progress)
            report["differs_from_snapshot"] = differences(run.snapshot)
        progress.write_log()
        run.undo_report, run.state, run.undone_at = report, State.UNDONE, datetime.now(UTC)
        run.save(update_fields=["undo_report", "state", "undone_at"])
        record_event(
            "import.undo",
            object_type="imports_importrun",
            object_id=str(run.pk),
            payload={key: report[key] for key in ("deleted", "restored")},
        )
        notices.post(notices.Notice.UNDONE, run.pk)
        maintenance.tell_all()
    return report


def import_file(
    tenant: Tenant,
    path: Path,
    *,
    actor: Actor = NOBODY,
    dry_run: bool = False,
    mapping: dict[str, Any] | None = None,
    live: bool = False,
    mode: str = ImportRun.Mode.UPDATE,
    by_hand: str = ImportRun.ByHand.KEEP,
) -> dict[str, Any]:
    """Import a file on this machine from end to end, as the command line and the demo do.

    `mapping` is a spec as JSON; without it the last confirmed for this structure is taken, else the
    suggestion. Answers the reconciliation report; raises what the steps raise.
    """
    with tenant_scope(tenant, actor=actor):
        source = receive_file(path, actor=actor)
        run = runs.begin_run(source, actor=actor, mode=mode, by_hand=by_hand)
    read_file(tenant, run.pk, actor=actor, live=live)
    with tenant_scope(tenant, actor=actor):
        run = ImportRun.objects.select_related("source", "mapping").get(pk=run.pk)
        spec = proposed_spec(run) if mapping is None else MappingSpec.from_json(mapping)
        save_mapping(run, spec, actor=actor)
    if dry_run:
        return check_run(tenant, run.pk, actor=actor, live=live)
    report = load_run(tenant, run.pk, actor=actor, live=live, unchecked=True)
    with tenant_scope(tenant, actor=actor):
        has_files = wants_filing(run.pk)
    if has_files:
        report["files"] = file_run(tenant, run.pk, actor=actor, live=live)
    return report
