"""Steps of moving a clinic to another database: read while it is read-only, compared while it is closed.

The old schema stays, renamed and closed, until a later step drops it. Whatever goes wrong before the
clinic is switched over leaves it where it was.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import OperationalError, connections
from django.utils import timezone

from onboarding.lifecycle.states import IN_USE
from tenants import clusters, lifecycle, migrate
from tenants.checksums import (
    checksums_of_tables,
    columns_of_table,
    differences,
    sequences_of_clinic,
    tables_of_clinic,
)
from tenants.copying import carry, filling, parameters_of, plain, reading, set_sequences
from tenants.jobs import OWNER, JobError
from tenants.lifecycle import StateError
from tenants.models import Job, MigrationHead, Tenant
from tenants.roles import EXTENSIONS
from tenants.scope import Scope, current_scope, entered, public_scope, scope_of, tenant_scope
from tenants.walls import APP, SEARCH
from tenants.walls import OWNER as OWNER_ROLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tenants.checksums import TableSum
    from tenants.jobs import Work

State = Tenant.State
MAIN = "main"
"""What people call the platform's own database."""
WAITS = "10s"
"""How long those who are still writing are waited for, once the door is closed."""


def check(work: Work) -> None:
    """Look whether the other database is one in which the clinic can live."""
    if _only_drops(work):
        work.keep(**{"from": work.tenant.cluster, "to": work.tenant.cluster})
        return
    tenant, wanted = work.tenant, _wanted(work)
    if wanted == work.notes.get("from", tenant.cluster):
        raise JobError(f"{tenant.name} stands in that database already.")
    if tenant.state not in (*IN_USE, State.MOVING):
        raise JobError("Only a clinic that is in use can be moved.")
    if wanted and wanted not in clusters.names():
        known = ", ".join([MAIN, *clusters.names()])
        raise JobError(f"There is no database “{wanted}” in NEXUS_CLUSTERS. There are: {known}.")
    with public_scope(using=OWNER):
        head = MigrationHead.objects.filter(tenant_id=tenant.pk).first()
    if head is None or head.heads != migrate.heads_digest():
        raise JobError("This clinic has not been migrated to this version yet. Migrate it first.")
    try:
        missing = _missing(Scope("public", 0, OWNER, "platform", cluster=wanted))
    except (psycopg.Error, OperationalError) as error:
        raise JobError("The other database does not answer.") from error
    if missing:
        raise JobError(
            "The other database is not prepared: "
            + "; ".join(missing)
            + ". `nexus bootstrap` with its "
            "address as DATABASE_ADMIN_URL prepares it."
        )
    work.keep(**{"from": tenant.cluster, "to": wanted, "state_before": tenant.state,
                 "reason_before": tenant.state_reason, **work.notes})  # fmt: skip


def _only_drops(work: Work) -> bool:
    """Say whether what an earlier move has left behind is to be dropped, and nothing moved."""
    return work.params.get("drop_old") is True


def _wanted(work: Work) -> str:
    wanted = str(work.params.get("cluster") or "")
    if not wanted:
        raise JobError("Say to which database the clinic is to be moved.")
    return clusters.HOME if wanted == MAIN else wanted


def _missing(scope: Scope) -> list[str]:
    """Name what a database lacks to hold clinics, in words."""
    said = []
    with entered(scope), connections[scope.alias].cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'nexus%%'")
        roles = {name for (name,) in cursor.fetchall()}
        said += [f"the role {name}" for name in (OWNER_ROLE, APP, SEARCH) if name not in roles]
        cursor.execute(
            "SELECT e.extname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace "
            "WHERE n.nspname = 'ext'"
        )
        there = {name for (name,) in cursor.fetchall()}
        said += [
            f"the extension {name} in the schema ext" for name in EXTENSIONS if name not in there
        ]
        cursor.execute("SELECT has_database_privilege(current_database(), 'CREATE')")
        if not cursor.fetchone()[0]:
            said.append(f"the right of {OWNER_ROLE} to create schemas")
    return said


# ── both sides ───────────────────────────────────────────────────────────────────────────────────


def _old(work: Work) -> Scope:
    return replace(scope_of(work.tenant, using=OWNER), cluster=work.notes["from"])


def _new(work: Work) -> Scope:
    return replace(scope_of(work.tenant, using=OWNER), cluster=work.notes["to"])


def _is_over(work: Work) -> bool:
    """Say whether the clinic has been switched over: then nothing before it is done again."""
    return bool(work.tenant.cluster == work.notes["to"])


@contextmanager
def _going_back(work: Work) -> Iterator[None]:
    """Open the clinic where it was, as it was, where something goes wrong."""
    try:
        yield
    except Exception:
        _reopen(work)
        raise


def _reopen(work: Work) -> None:
    before = State(work.notes.get("state_before") or State.ACTIVE)
    reason = str(work.notes.get("reason_before") or "")
    lifecycle.change_state(
        work.tenant, before, among=[State.MOVING, State.READ_ONLY], reason=reason
    )


def call_off(job: Job, what: str) -> None:
    """Open a clinic whose move was cancelled between two steps; for `jobs.listen`."""
    if job.kind != "move" or what not in {"cancelled", "failed"} or job.tenant_id is None:
        return
    with public_scope(using=OWNER):
        tenant = Tenant.objects.get(pk=job.tenant_id)
    if not _exists(tenant.schema_name, str(job.notes.get("from", ""))):
        return  # it has gone already: only going on helps
    closed = tenant.state == State.MOVING or (
        tenant.state == State.READ_ONLY and tenant.state_reason == WHILE_COPYING
    )
    if closed and tenant.cluster == job.notes.get("from", tenant.cluster):
        lifecycle.change_state(
            tenant,
            State(job.notes.get("state_before") or State.ACTIVE),
            among=[State.MOVING, State.READ_ONLY],
            reason=str(job.notes.get("reason_before") or ""),
        )


WHILE_COPYING = (
    "It is being moved to another database; in a few minutes everything can be changed again."
)


# ── the move ─────────────────────────────────────────────────────────────────────────────────────


def prepare(work: Work) -> None:
    """Build the empty schema there; people go on working."""
    if _is_over(work):
        return
    with public_scope(using=OWNER):
        migrate.load_scripts(migrate.heads_digest())
    with entered(_new(work)):
        migrate.build_schema(work.job.tenant_id or 0)


def copy(work: Work) -> None:
    """Carry all rows over while people may read: what is still written meanwhile is caught up on later."""
    if _is_over(work):
        return
    with _going_back(work):
        if work.notes["state_before"] == State.ACTIVE:
            _close(work, State.READ_ONLY, WHILE_COPYING)
        work.keep(read_only_at=work.notes.get("read_only_at") or timezone.now().isoformat())
        with reading(_old(work)) as rows, entered(_new(work)):
            _fill(work, rows, tables_of_clinic())


def _close(work: Work, state: Tenant.State, reason: str) -> None:
    try:
        lifecycle.change_state(work.tenant, state, among=[*IN_USE, State.MOVING], reason=reason)
    except StateError as error:
        raise JobError(str(error)) from error


def _fill(work: Work, rows: psycopg.Cursor[Any], tables: list[str]) -> None:
    schema = current_scope().schema
    with filling(tables) as into:
        for done, table in enumerate(tables, start=1):
            columns = plain(columns_of_table(table))
            carry(rows, into, table, schemas=(schema, schema), columns=columns)
            work.progress(done, len(tables))


def switch(work: Work) -> None:
    """Close the door, catch up, compare every table, and switch over: the shortest step.

    Every table of the old schema is locked against writing meanwhile, so whoever comes too late to it
    finds it renamed, not silently left behind.
    """
    if _is_over(work):
        return
    began = timezone.now()
    if not _is_aside(work):
        with _going_back(work), ExitStack() as stack:
            _close(work, State.MOVING, "")
            lock = stack.enter_context(_locked(_old(work)))
            _catch_up(work)
            _put_aside(work, lock)
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=work.job.tenant_id).update(cluster=work.notes["to"])
    work.keep(closed_seconds=round((timezone.now() - began).total_seconds(), 2))


def _catch_up(work: Work) -> None:
    """Carry over again what was written since, and compare everything; raises JobError."""
    here = _sums(_old(work))
    with entered(_new(work)):
        there = checksums_of_tables(tables_of_clinic())
    behind = [table for table, found in here.items() if there.get(table) != found]
    with reading(_old(work)) as rows, entered(_new(work)):
        _fill(work, rows, behind)
    with entered(_new(work)):
        there |= checksums_of_tables(behind)
    if wrong := differences(here, there):
        raise JobError("The copy is not the same: " + "; ".join(wrong[:5]))
    series = _series(_old(work))
    with entered(_new(work)):
        set_sequences(series)
    if _series(_new(work)) != series:
        raise JobError("The series of numbers do not go on where they stood.")
    _check_walls(_new(work))
    work.keep(
        rows=sum(found.rows for found in here.values()), tables=len(here), caught_up=len(behind)
    )


def _sums(scope: Scope) -> dict[str, TableSum]:
    with entered(scope):
        return checksums_of_tables(tables_of_clinic())


def _series(scope: Scope) -> dict[str, tuple[int, bool]]:
    with entered(scope):
        return dict(sequences_of_clinic())


@contextmanager
def _locked(scope: Scope) -> Iterator[psycopg.Connection[Any]]:
    """Keep writers out of every table of a schema; raises JobError where one does not end."""
    with entered(scope):
        tables = tables_of_clinic()
    names = ", ".join(f'"{scope.schema}"."{table}"' for table in tables)
    with psycopg.connect(**parameters_of(scope)) as connection:
        connection.execute(f"SET LOCAL lock_timeout = '{WAITS}'")
        try:
            connection.execute(f"LOCK TABLE {names} IN SHARE MODE")
        except psycopg.errors.LockNotAvailable:
            raise JobError(
                "Somebody is still writing in this clinic. It stays where it is; try again later."
            ) from None
        yield connection


_WALLS = """
SELECT c.relname FROM pg_class AS c
 WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname <> 'django_migrations'
   AND NOT (c.relrowsecurity AND c.relforcerowsecurity
            AND EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = c.oid))
"""


def _check_walls(scope: Scope) -> None:
    """Refuse to open a schema in which a table stands without its forced policy."""
    with entered(scope), connections[scope.alias].cursor() as cursor:
        cursor.execute(_WALLS, [scope.schema])
        open_ones = [name for (name,) in cursor.fetchall()]
    if open_ones:
        raise JobError("Without their wall there: " + ", ".join(open_ones[:5]))


def aside_of(tenant: Tenant) -> str:
    """Name the old schema once the clinic has gone."""
    return f"moved_{tenant.pk}"


def _put_aside(work: Work, lock: psycopg.Connection[Any]) -> None:
    """Rename the old schema before the locks are let go: who comes too late fails loudly."""
    schema, aside = work.tenant.schema_name, aside_of(work.tenant)
    lock.execute(f'DROP SCHEMA IF EXISTS "{aside}" CASCADE')
    lock.execute(f'ALTER SCHEMA "{schema}" RENAME TO "{aside}"')
    lock.execute(f'REVOKE ALL ON SCHEMA "{aside}" FROM {APP}, {SEARCH}')
    lock.commit()


def _is_aside(work: Work) -> bool:
    """Say whether the old schema has been put aside already, by a worker that died just then."""
    return not _exists(work.tenant.schema_name, work.notes["from"])


def _exists(schema: str, cluster: str) -> bool:
    scope = Scope("public", 0, OWNER, "platform", cluster=cluster)
    with entered(scope), connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [schema])
        return bool(cursor.fetchone()[0])


def open_there(work: Work) -> None:
    """Open the clinic in its new place, once it has answered there."""
    tenant = work.tenant
    if _only_drops(work):
        work.finish(dropped=_drop_old(tenant))
        return
    with tenant_scope(tenant), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_user")
    _reopen(work)
    work.finish(
        cluster=tenant.cluster or MAIN,
        rows=work.notes.get("rows", 0),
        tables=work.notes.get("tables", 0),
        caught_up=work.notes.get("caught_up", 0),
        closed_seconds=work.notes.get("closed_seconds", 0),
        old_schema=aside_of(tenant),
    )


def _drop_old(tenant: Tenant) -> list[str]:
    """Drop what moves have left behind, in whichever database; answers where that was."""
    dropped = []
    for cluster in [clusters.HOME, *clusters.names()]:
        if not _exists(aside_of(tenant), cluster):
            continue
        scope = Scope("public", 0, OWNER, "platform", cluster=cluster)
        with entered(scope), connections[OWNER].cursor() as cursor:
            cursor.execute(f'DROP SCHEMA "{aside_of(tenant)}" CASCADE')
        dropped.append(cluster or MAIN)
    return dropped
