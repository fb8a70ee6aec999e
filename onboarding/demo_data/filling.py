"""Invented patients with their visits and records in a clinic of somebody's own, known row by row."""

from __future__ import annotations

import random
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from django.db import connections
from django.utils import timezone
from psycopg import IsolationLevel

from clinical.appointments.demo import fill_demo_clinic
from onboarding.demo_data import records, tables
from onboarding.demo_data.models import DemoTable
from onboarding.demo_data.selectors import against_filling, is_filled
from tenants.jobs import JobError
from tenants.scope import Actor, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from tenants.jobs import Work
    from tenants.models import Tenant

ACTOR = Actor(label="demo data")
ALIAS = "default"


def fill(work: Work) -> None:
    """Bring the demo data in, all or nothing; safe to run again."""
    clinic = work.tenant
    with _one_moment(), tenant_scope(clinic, actor=ACTOR):
        if is_filled():
            return
        if against := against_filling():
            raise JobError(against)
        before = tables.all_keys()
        parts = _parts(clinic, timezone.now())
        for done, part in enumerate(parts):
            work.progress(done, len(parts))
            part()
        rows = _remember(before)
    work.progress(len(parts), len(parts))
    work.finish(rows=rows)


def _parts(clinic: Tenant, now: datetime) -> Sequence[Callable[[], object]]:
    return (
        partial(fill_demo_clinic, clinic, now=now, beside_own=True),
        partial(records.fill_demo_records, clinic, now=now),
        *(
            partial(part, random.Random(number), now)  # noqa: S311 - the same demo everywhere
            for number, part in enumerate(records.WITHOUT_BILLS)
        ),
    )


def _remember(before: tables.Keys) -> int:
    """Write down which rows are new: what stood there before, or is somebody else's, is not."""
    new = {
        table: sorted(keys - before.get(table, set()))
        for table, keys in tables.all_keys().items()
        if keys - before.get(table, set())
    }
    DemoTable.objects.bulk_create(DemoTable(table=table, keys=keys) for table, keys in new.items())
    return sum(len(keys) for keys in new.values())


@contextmanager
def _one_moment() -> Iterator[None]:
    """Have the transaction see one moment and itself, so that what is new in it is its own doing."""
    connection = connections[ALIAS]
    connection.ensure_connection()
    if connection.in_atomic_block:  # of a test; nobody else is there
        yield
        return
    raw = connection.connection
    usual = raw.isolation_level
    raw.isolation_level = IsolationLevel.REPEATABLE_READ
    try:
        yield
    finally:
        if not raw.closed:
            raw.isolation_level = usual
