"""Delivers what waits in a clinic's outbox, outside every transaction, several at a time.

Entries are claimed in one short transaction, handed to their vendors side by side, and each answer is
written down in a transaction of its own as it comes in. A worker that dies in between leaves entries
`sending`: they are sent again where that does no harm, else they become unclear and a person decides.
"""

from __future__ import annotations

import logging
import secrets
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any

from django.db import connections as databases
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from connections import conditions, limits, selectors, settling, tokens
from connections.models import Connection, OutboxEntry
from connections.outbox import Answer, NothingToSendError, kind_of
from connections.providers import provider as provider_of
from ports.outcomes import (
    BrokenConnectionError,
    DeliveryError,
    RefusedError,
    RetryLaterError,
    UnclearError,
)
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from connections.opened import OpenConnection
    from connections.outbox import Kind

log = logging.getLogger(__name__)

State = OutboxEntry.State
LOST_AFTER = timedelta(minutes=10)
"""No delivery takes so long: whoever claimed it has died."""
AT_ONCE = 8
MISSES = 3
"""So many failures side by side without a success, and the vendor is left alone for a while."""


@dataclass
class Claim:
    """An entry that is this worker's to deliver."""

    entry: OutboxEntry
    kind: Kind
    provider: str
    prepared: Any = None
    error: Exception | None = None


@dataclass
class _Round:
    """What one run has learned about who cannot be served now."""

    providers: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    """Kinds without a vendor of their own, or that choose it late, that cannot be served now."""
    misses: dict[str, int] = field(default_factory=dict)
    delivered: int = 0
    wakes_at: datetime | None = None

    def block(self, provider: str, *, kind: str = "", until: datetime | None = None) -> None:
        """Hand nothing more to a vendor in this run; without one, nothing more of the kind."""
        if provider:
            self.providers.add(provider)
        else:
            self.kinds.add(kind)
        if until is not None:
            self.wakes_at = min(self.wakes_at or until, until)


def deliver_due(tenant: Tenant, *, seconds: float = 3600.0) -> int:
    """Deliver everything of one clinic that is due now; answers how many were done.

    Outside every scope, over committed rows. Does nothing for a clinic that is suspended, or a sandbox.
    """
    return run(tenant, seconds=seconds).delivered


def run(tenant: Tenant, *, seconds: float) -> _Round:
    """Deliver what is due, until nothing is or the time is up; see `deliver_due`."""
    state, ends = _Round(), monotonic() + seconds
    with public_scope():
        open_ones = Tenant.objects.filter(state=Tenant.State.ACTIVE, sandbox_of=None)
        is_active = open_ones.filter(pk=tenant.pk).exists()
    if not is_active:
        return state
    with tenant_scope(tenant):
        settling.give_up_late(timezone.now())
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        while monotonic() < ends:
            claims = _claim(tenant, state)
            if claims is None:
                break
            _deliver(tenant, claims, state, pool)
    return state


# ── claiming ─────────────────────────────────────────────────────────────────────────────────────


def _claim(tenant: Tenant, state: _Round) -> list[Claim] | None:
    """Take the next entries that can be served; None where nothing is due any more."""
    now = timezone.now()
    with tenant_scope(tenant) as scope:
        candidates = list(_due(now, state)[: AT_ONCE * 2])
        if not candidates:
            return None
        claims: list[Claim] = []
        rooms: dict[str, int] = {}
        for entry in candidates:
            claim = _wanted(entry, now)
            if claim is None:
                continue
            if claim.provider not in rooms:
                rooms[claim.provider] = _room(claim.provider, scope.tenant_id, state, now)
            if claim.provider in state.providers:
                if not entry.provider:
                    state.kinds.add(entry.kind)
                continue
            if rooms[claim.provider] > 0 and len(claims) < AT_ONCE:
                rooms[claim.provider] -= 1
                _take(claim, now)
                claims.append(claim)
    return claims


def due_entries(now: datetime) -> Any:
    """Answer what may be delivered now: waiting, its moment come, first of its lane."""
    ahead = OutboxEntry.objects.filter(
        lane=OuterRef("lane"),
        pk__lt=OuterRef("pk"),
        state__in=[State.WAITING, State.SENDING, State.FAILED, State.UNCLEAR],
    )
    waiting = OutboxEntry.objects.filter(state=State.WAITING, not_before__lte=now)
    return waiting.filter(Q(lane="") | ~Exists(ahead))


def _due(now: datetime, state: _Round) -> Any:
    found = due_entries(now).exclude(provider__in=state.providers)
    found = found.exclude(provider="", kind__in=state.kinds)
    return found.select_for_update(skip_locked=True, of=("self",)).order_by("not_before", "pk")


def _wanted(entry: OutboxEntry, now: datetime) -> Claim | None:
    """Answer the claim on an entry with its vendor; None for one that nobody here delivers."""
    try:
        kind = kind_of(entry)
    except KeyError:
        # Written by a newer version: it waits for a worker that knows it.
        OutboxEntry.objects.filter(pk=entry.pk).update(not_before=now + timedelta(minutes=5))
        return None
    claim = Claim(entry, kind, entry.provider)
    if not entry.provider:
        try:
            with transaction.atomic():
                claim.provider = kind.handler.provider_of(entry)
        except BrokenConnectionError as error:
            settling.put_back(entry.pk, error.words, at=now, after=300.0)
            return None
        except Exception as error:
            log.exception("nobody could say through whom an entry goes")
            settling.put_back(entry.pk, settling.words_for(error), at=now, after=300.0)
            return None
    return claim


def _room(provider: str, clinic: int, state: _Round, now: datetime) -> int:
    """Answer how many may be handed to a vendor now; blocks one that may be handed none."""
    if not provider:
        return AT_ONCE
    found = selectors.connection(provider)
    if found is None or found.state != Connection.State.LIVE:
        state.block(provider)
        return 0
    if found.paused_until is not None and found.paused_until > now:
        state.block(provider, until=found.paused_until)
        return 0
    vendor = provider_of(provider)
    left, wait = limits.room(clinic, vendor)
    if left <= 0:
        state.block(provider, until=now + timedelta(seconds=wait))
        return 0
    # One alone finds out whether a vendor that failed is back.
    at_once = 1 if found.problem_at else vendor.limits.at_once or AT_ONCE
    return min(left, at_once)


def _take(claim: Claim, now: datetime) -> None:
    """Mark an entry as on its way, and read what is to be sent as it stands now."""
    entry = claim.entry
    entry.state, entry.attempts, entry.claimed_at = State.SENDING, entry.attempts + 1, now
    entry.save(update_fields=["state", "attempts", "claimed_at", "changed_at"])
    try:
        with transaction.atomic():
            claim.prepared = claim.kind.handler.prepare(entry)
    except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
        claim.error = error


# ── handing over ─────────────────────────────────────────────────────────────────────────────────


def _deliver(tenant: Tenant, claims: list[Claim], state: _Round, pool: ThreadPoolExecutor) -> None:
    opened = _open_all(tenant, claims)
    for claim, result in _sent(claims, opened, pool):
        _settle(tenant, claim, result, state)


def _open_all(tenant: Tenant, claims: list[Claim]) -> dict[str, OpenConnection | None]:
    """Open each vendor's connection once; what cannot be opened is the error of its claims."""
    opened: dict[str, OpenConnection | None] = {"": None}
    failed: dict[str, Exception] = {}
    for provider in dict.fromkeys(claim.provider for claim in claims if claim.error is None):
        if provider:
            try:
                opened[provider] = tokens.open_connection(tenant, provider)
            except Exception as error:  # noqa: BLE001 - the other vendors' entries go on
                failed[provider] = error
    for claim in claims:
        claim.error = claim.error or failed.get(claim.provider)
    return opened


def _sent(
    claims: list[Claim], opened: dict[str, OpenConnection | None], pool: ThreadPoolExecutor
) -> Iterator[tuple[Claim, Answer | Exception]]:
    """Yield each claim with the vendor's answer, as they come in."""
    ready = []
    for claim in claims:
        if claim.error is not None:
            yield claim, claim.error
        else:
            ready.append(claim)
    if len(ready) == 1:
        yield ready[0], _send(ready[0], opened[ready[0].provider])
        return
    futures = {pool.submit(_send_apart, claim, opened[claim.provider]): claim for claim in ready}
    for future in as_completed(futures):
        yield futures[future], future.result()


def _send(claim: Claim, opened: OpenConnection | None) -> Answer | Exception:
    try:
        return claim.kind.handler.send(claim.entry, claim.prepared, opened)
    except Exception as error:  # noqa: BLE001 - every end of a delivery is written down
        return error


def _send_apart(claim: Claim, opened: OpenConnection | None) -> Answer | Exception:
    try:
        return _send(claim, opened)
    finally:
        # A token may have been renewed in this thread, which has sessions of its own.
        databases.close_all()


# ── writing down ─────────────────────────────────────────────────────────────────────────────────


def _settle(tenant: Tenant, claim: Claim, result: Answer | Exception, state: _Round) -> None:
    now = timezone.now()
    with tenant_scope(tenant):
        connection = selectors.connection(claim.provider) if claim.provider else None
        pk = connection.pk if connection else None
        if isinstance(result, Answer):
            if settling.settle(claim.entry, result, at=now):
                state.delivered += 1
            _note_success(claim.provider, pk, state, now)
            return
        if isinstance(result, NothingToSendError):
            settling.cancel(claim.entry.pk, str(result), at=now)
            return
        if isinstance(result, BrokenConnectionError):
            _note_broken(claim, pk, result, state, now)
            return
        if isinstance(result, RetryLaterError):
            _note_later(claim, pk, result, state, now)
            return
        if not isinstance(result, RefusedError | UnclearError):
            log.error("a delivery of kind %s ended in an error of ours", claim.entry.kind,
                      exc_info=result)  # fmt: skip
        settling.fail(claim.entry, _as_delivery_error(claim, result), at=now)
        if isinstance(result, UnclearError) and pk:
            _note_miss(claim, pk, result, state, now)


def _as_delivery_error(claim: Claim, error: Exception) -> DeliveryError:
    """Put an error that no handler foresaw into words; whether it was done decides which it is."""
    if isinstance(error, DeliveryError):
        return error
    words = settling.words_for(error)
    if claim.error is not None:  # it never left
        return RefusedError(words)
    return UnclearError(f"{words} It may have been done all the same.")


def _note_success(provider: str, pk: UUID | None, state: _Round, now: datetime) -> None:
    state.misses[provider] = 0
    if pk:
        conditions.note_success(pk, at=now)


def _note_broken(
    claim: Claim, pk: UUID | None, error: BrokenConnectionError, state: _Round, now: datetime
) -> None:
    after = 0.0 if claim.provider else 300.0
    settling.put_back(claim.entry.pk, error.words, at=now, after=after, counts=False)
    state.block(claim.provider, kind=claim.entry.kind)
    if pk:
        conditions.mark_broken(pk, error.words, at=now)


def _note_later(
    claim: Claim, pk: UUID | None, error: RetryLaterError, state: _Round, now: datetime
) -> None:
    is_busy = isinstance(error, limits.BusyError)
    after = error.after if error.after is not None else delay(claim.entry.attempts)
    if settling.is_given_up(claim.entry, at=now) and not is_busy:
        settling.fail(claim.entry, error, at=now)
    else:
        settling.put_back(claim.entry.pk, error.words, at=now, after=after, counts=not is_busy)
    if error.after is not None:  # the vendor, or its allowance, names a moment
        until = now + timedelta(seconds=error.after)
        state.block(claim.provider, kind=claim.entry.kind, until=until)
        if pk:
            conditions.pause(pk, until=until)
    elif pk:
        _note_miss(claim, pk, error, state, now)
    elif _count_miss(claim, state):
        state.block("", kind=claim.entry.kind)


def _note_miss(claim: Claim, pk: UUID, error: DeliveryError, state: _Round, now: datetime) -> None:
    conditions.note_problem(pk, error.words, at=now)
    if _count_miss(claim, state):
        since = Connection.objects.values_list("problem_at", flat=True).get(pk=pk) or now
        # Half as long as it has been failing, up to a quarter of an hour.
        wait = min(max((now - since).total_seconds() / 2, 30.0), 900.0)
        conditions.pause(pk, until=now + timedelta(seconds=wait))
        state.block(claim.provider, until=now + timedelta(seconds=wait))


def _count_miss(claim: Claim, state: _Round) -> bool:
    """Count a failure; answers whether the vendor is left alone now."""
    state.misses[claim.provider] = state.misses.get(claim.provider, 0) + 1
    return state.misses[claim.provider] >= MISSES


def delay(attempts: int) -> float:
    """Answer how many seconds to wait after so many attempts: 15 s, doubling up to an hour, uneven."""
    base: float = min(15.0 * 2 ** min(max(attempts - 1, 0), 10), 3600.0)
    return base * (0.8 + secrets.randbelow(400) / 1000)


def recover_lost(tenant: Tenant) -> int:
    """Take up what a worker that died has left on its way; answers how many entries."""
    now = timezone.now()
    with tenant_scope(tenant):
        lost = OutboxEntry.objects.select_for_update(skip_locked=True).filter(
            state=State.SENDING, claimed_at__lt=now - LOST_AFTER
        )
        return sum(settling.take_up_lost(entry, at=now) for entry in lost)
