"""Steps of making a sandbox: a clinic like another one, in which nobody is anybody."""

from __future__ import annotations

import io
import secrets
from typing import TYPE_CHECKING, Any

from django.core.files.base import File
from django.db import connections
from django.utils import timezone

from onboarding.lifecycle import anonymous
from onboarding.lifecycle.anonymous import STUB, Secret
from tenants import lifecycle
from tenants.checksums import columns_of_table, tables_of_clinic
from tenants.copying import carry, filling, reading, set_sequences
from tenants.jobs import OWNER, JobError
from tenants.lifecycle import SubdomainError
from tenants.models import Tenant
from tenants.scope import current_scope, public_scope, scope_of, tenant_scope
from tenants.storage import platform_storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tenants.jobs import Work

State = Tenant.State
CLONES_FROM = (State.ACTIVE, State.READ_ONLY, State.SUSPENDED)
WEEKS = 8
"""By at most so many weeks the diary is moved back."""


def reserve(work: Work) -> None:
    """Look whether every column is classified, and reserve the sandbox's address."""
    source = work.tenant
    if source.sandbox_of_id is not None:
        raise JobError("This is a sandbox itself.")
    if source.state not in CLONES_FROM:
        raise JobError("Only a clinic that is in use can be copied.")
    with tenant_scope(source, using=OWNER):
        tables = {table: columns_of_table(table) for table in tables_of_clinic()}
    if open_questions := anonymous.unclassified(tables):
        raise JobError(
            "Nobody has said what becomes of these in a sandbox: " + "; ".join(open_questions[:10])
        )
    if "sandbox" in work.notes:
        return
    wanted = str(work.params.get("target") or f"{source.subdomain[:30]}-sandbox")
    try:
        made = _reserved_by(work) or lifecycle.reserve_tenant(
            name=str(work.params.get("name") or f"{source.name} (sandbox)")[:120],
            subdomain=wanted,
            time_zone=source.time_zone,
            region=source.region,
            plan=source.plan,
            verified_at=timezone.now(),
            sandbox_of_id=source.pk,
            flags={"made_by_job": str(work.job.pk)},
        )
    except SubdomainError as error:
        raise JobError(str(error)) from error
    work.keep(sandbox=made.pk)


def _reserved_by(work: Work) -> Tenant | None:
    with public_scope(using=OWNER):
        mine = Tenant.objects.filter(flags__made_by_job=str(work.job.pk))
        found: Tenant | None = mine.first()
    return found


def _sandbox(work: Work) -> Tenant:
    with public_scope(using=OWNER):
        found: Tenant = Tenant.objects.get(pk=work.notes["sandbox"])
    return found


def build(work: Work) -> None:
    """Build the sandbox's empty tables."""
    sandbox = _sandbox(work)
    if sandbox.state == State.CREATING:
        lifecycle.build_empty(sandbox)


def copy(work: Work) -> None:
    """Fill them in one transaction with people who were never born. The secret of the fakes is not kept."""
    sandbox = _sandbox(work)
    if sandbox.state != State.CREATING:
        return
    source = scope_of(work.tenant, using=OWNER)
    began = timezone.now()
    with reading(source) as rows, tenant_scope(sandbox, using=OWNER) as target:
        recipes = anonymous.recipes()
        tables = [table for table in tables_of_clinic() if table in recipes]
        nulled = _pointing_nowhere(tables)
        secret = Secret(
            key=secrets.token_hex(32),
            days=-7 * secrets.randbelow(WEEKS + 1),
            person=_person(rows, str(work.params.get("email") or "")),
        )
        sequences = _sequences(rows, source.schema)
        with filling(tables) as into:
            for done, table in enumerate(tables, start=1):
                columns = columns_of_table(table)
                made = anonymous.expressions(
                    table, columns, nulled=nulled.get(table, ()), secret=secret
                )
                carry(rows, into, table, schemas=(source.schema, target.schema), columns=made)
                work.progress(done, len(tables))
            into.execute(
                "UPDATE accounts_user SET is_active = false WHERE id::text <> %s", [secret.person]
            )
        set_sequences(sequences)
        with connections[target.alias].cursor() as cursor:
            cursor.execute("SELECT rebuild_patient_summaries()")
            cursor.execute("SELECT count(*) FROM patients_patient")
            patients = cursor.fetchone()[0]
    seconds = round((timezone.now() - began).total_seconds(), 2)
    work.keep(patients=patients, seconds=seconds)


def _pointing_nowhere(tables: Iterable[str]) -> dict[str, list[str]]:
    """Name the foreign keys to tables that stay empty; raises JobError where one may not be empty."""
    kept = set(tables)
    found: dict[str, list[str]] = {}
    for table, column, target, is_required in _foreign_keys():
        if table not in kept or target in kept:
            continue
        if is_required:
            raise JobError(f"{table}.{column} points to {target}, which a sandbox does not have.")
        found.setdefault(table, []).append(column)
    return found


_FOREIGN_KEYS = """
SELECT o.relname, a.attname, f.relname, a.attnotnull
  FROM pg_constraint AS c
  JOIN pg_class AS o ON o.oid = c.conrelid JOIN pg_class AS f ON f.oid = c.confrelid
  JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
 WHERE c.contype = 'f' AND c.connamespace = to_regnamespace(%s) AND a.attname <> 'tenant_id'
"""


def _foreign_keys() -> list[tuple[str, str, str, bool]]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(_FOREIGN_KEYS, [current_scope().schema])
        return list(cursor.fetchall())


def _person(rows: Any, email: str) -> str:
    """Answer the id of the member of staff who goes along, or nothing."""
    rows.execute("SELECT id::text FROM accounts_user WHERE lower(email) = lower(%s)", [email])
    found = rows.fetchone()
    if email and found is None:
        raise JobError(f"Nobody at this clinic has the address {email}.")
    return str(found[0]) if found else ""


def _sequences(rows: Any, schema: str) -> Mapping[str, tuple[int, bool]]:
    rows.execute(
        "SELECT c.relname, s.last_value FROM pg_class AS c JOIN pg_sequences AS s "
        "ON s.schemaname = %s AND s.sequencename = c.relname "
        "WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind = 'S'",
        [schema, schema],
    )
    return {name: (last, True) for name, last in rows.fetchall() if last is not None}


def write_stubs(work: Work) -> None:
    """Put a stub where each file would be."""
    sandbox = _sandbox(work)
    with tenant_scope(sandbox, using=OWNER), connections[current_scope().alias].cursor() as cursor:
        cursor.execute("SELECT storage_key FROM documents_document WHERE storage_key <> ''")
        names = [name for (name,) in cursor.fetchall()]
    storage: Any = platform_storage()
    with tenant_scope(sandbox):
        for done, name in enumerate(names, start=1):
            if storage.size_or_none(name) is None:
                storage.save(name, File(io.BytesIO(STUB)))
            work.progress(done, len(names))
    work.keep(files=len(names))


def open_sandbox(work: Work) -> None:
    """Open it for whoever asked."""
    sandbox = _sandbox(work)
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=sandbox.pk, state=State.CREATING).update(
            state=State.ACTIVE, flags={}
        )
    work.finish(
        sandbox=sandbox.subdomain,
        url=sandbox.url,
        patients=work.notes.get("patients", 0),
        files=work.notes.get("files", 0),
        seconds=work.notes.get("seconds", 0),
    )
