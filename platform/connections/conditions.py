"""How a connection fares: it works, has a problem, was asked to wait, or has to be made anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from connections.models import Connection
from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

NOTED_EVERY = timedelta(seconds=30)
LONGEST_WORDS = 1000


def note_success(pk: UUID, *, at: datetime) -> None:
    """The vendor has answered as it should: whatever was wrong is over. Costs little when repeated."""
    stale = Q(last_success_at=None) | Q(last_success_at__lt=at - NOTED_EVERY) | ~Q(problem="")
    Connection.objects.filter(stale, pk=pk, state=Connection.State.LIVE).update(
        last_success_at=at, problem="", problem_at=None, paused_until=None, told_at=None,
        changed_at=at,
    )  # fmt: skip


def note_problem(pk: UUID, words: str, *, at: datetime) -> None:
    """Keep what went wrong, and since when nothing has gone right."""
    found = Connection.objects.filter(pk=pk, state=Connection.State.LIVE)
    found.filter(problem_at=None).update(problem_at=at)
    found.exclude(problem=words[:LONGEST_WORDS]).update(
        problem=words[:LONGEST_WORDS], changed_at=at
    )


def pause(pk: UUID, *, until: datetime) -> None:
    """Leave the vendor alone for a while."""
    found = Connection.objects.filter(pk=pk, state=Connection.State.LIVE)
    found.filter(Q(paused_until=None) | Q(paused_until__lt=until)).update(paused_until=until)


def mark_broken(pk: UUID, words: str, *, at: datetime) -> bool:
    """The access has ended: what waits goes on waiting, and the owners are told after the commit."""
    changed = Connection.objects.filter(pk=pk, state=Connection.State.LIVE).update(
        state=Connection.State.BROKEN,
        problem=words[:LONGEST_WORDS],
        problem_at=at,
        paused_until=None,
        told_at=None,
        changed_at=at,
    )
    if changed:
        from connections.tasks import tell_owners

        tenant_id = current_scope().tenant_id
        transaction.on_commit(partial(tell_owners.delay_for, tenant_id, str(pk)), robust=True)
    return bool(changed)
