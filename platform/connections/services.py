"""The verbs about a clinic's connections. All need the clinic's scope."""

from __future__ import annotations

import secrets as random_secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q

from accounts.permissions import Action, Resource, allows
from audit.services import record
from connections import bindings, inbox, outbox, selectors, settling
from connections.bindings import AccountTakenError
from connections.models import Connection, OutboxEntry
from connections.outbox import Answer
from connections.providers import Account, Trade, providers
from connections.providers import provider as provider_of
from connections.sealing import keep_secrets, open_secrets, seal_secrets
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from accounts.models import User
    from connections.providers import Provider

__all__ = [
    "ConnectError",
    "begin",
    "change_form",
    "choose_account",
    "discard_attempt",
    "disconnect",
    "establish",
    "give_up",
    "keep_secrets",
    "mark_done",
    "open_secrets",
    "set_options",
    "start_check",
    "try_again",
]

State = Connection.State
REVOKED_WITHIN = timedelta(days=2)
_ONE_IN_USE = (Trade.MAIL, Trade.SMS, Trade.STORAGE)


class ConnectError(ValueError):
    """A connection cannot be made, or an entry not be decided on, like this; the words say why."""


# ── connecting ───────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def begin(
    provider: Provider,
    *,
    secrets: Mapping[str, str],
    options: Mapping[str, Any] | None = None,
    actor: User,
    at: datetime,
) -> Connection:
    """Start to connect with what a form or a consent gave; a worker finishes it after the commit.

    What is connected now goes on as it is until then. Raises ConnectError.
    """
    _require(actor, Action.CREATE)
    check_may_begin(provider)
    Connection.objects.filter(provider=provider.key, state=State.PENDING).delete()
    attempt = Connection(
        provider=provider.key,
        options=dict(options or {}),
        connected_by=actor.name,
        checking_since=at,
    )
    attempt.sealed = seal_secrets(attempt, secrets)
    attempt.save(force_insert=True)
    _after_commit("finish", attempt)
    return attempt


def check_may_begin(provider: Provider) -> None:
    """Raise ConnectError where the installation or another vendor of the same trade stands against."""
    if not provider.is_offered:
        raise ConnectError(f"{provider.name} is not offered on this installation.")
    if provider.trade in _ONE_IN_USE:
        same = [other for other in providers() if other.trade is provider.trade]
        for other in same:
            if other.key != provider.key and selectors.connection(other.key) is not None:
                raise ConnectError(
                    f"{other.name} is in use for this. Disconnect {other.name} first."
                )


@transaction.atomic
def establish(
    provider: Provider,
    account: Account,
    *,
    secrets: Mapping[str, str],
    options: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    scopes: tuple[str, ...] = (),
    actor_name: str = "",
    at: datetime,
) -> Connection:
    """Make a connection live with an account; answers it. Everything of the vendor's waits no more.

    Takes the place of the secrets of the one in use, keeps its settings. Raises ConnectError where
    the account is another clinic's, or another than the one that is connected.
    """
    found = selectors.connection(provider.key)
    if found is not None and provider.exclusive and found.external_id != account.external_id:
        raise ConnectError(
            f"{found.account_name or provider.name} is connected. To use {account.name} instead, "
            "disconnect that first."
        )
    if found is None:
        former = Connection.objects.filter(
            provider=provider.key, state=State.OFF, external_id=account.external_id
        ).order_by("-connected_at").first()  # fmt: skip
        found = Connection(provider=provider.key, options=dict(former.options) if former else {})
    kept = open_secrets(found)
    hook_key = kept.get(inbox.HOOK_KEY) or random_secrets.token_urlsafe(32)
    found.sealed = seal_secrets(found, {**secrets, inbox.HOOK_KEY: hook_key})
    found.state, found.account_name, found.external_id = (
        State.LIVE,
        account.name,
        account.external_id,
    )
    found.options = {**found.options, **(options or {})}
    found.expires_at, found.scopes, found.renewed_at = expires_at, list(scopes), at
    found.connected_by, found.connected_at, found.last_success_at = actor_name, at, at
    found.problem, found.problem_at, found.paused_until, found.told_at = "", None, None, None
    found.checking_since = None
    found.save()
    digests = [bindings.key_digest(provider.key, hook_key)]
    if provider.exclusive and account.external_id:
        digests.append(bindings.account_digest(provider.key, account.external_id))
    try:
        bindings.bind(found, *digests)
    except AccountTakenError:
        raise ConnectError(
            f"{account.name} is connected to another clinic here. An account belongs to one clinic: "
            "disconnect it there first, or choose another."
        ) from None
    _wake(provider.key, at)
    return found


@transaction.atomic
def choose_account(
    attempt: Connection, external_id: str, *, actor: User, at: datetime
) -> Connection:
    """Connect with one of the accounts that a consent reaches; raises ConnectError."""
    _require(actor, Action.CREATE)
    held = Connection.objects.select_for_update().filter(pk=attempt.pk, state=State.PENDING)
    found = held.first()
    offered = found.options.get("accounts", []) if found else []
    chosen = next((one for one in offered if one["external_id"] == external_id), None)
    if found is None or chosen is None:
        raise ConnectError("This choice is not open any more. Start again.")
    return complete(found, Account(**chosen), at=at)


def complete(attempt: Connection, account: Account, *, at: datetime) -> Connection:
    """Turn an attempt that has its account into the connection; raises ConnectError."""
    secrets = {key: value for key, value in open_secrets(attempt).items() if key not in _PASSING}
    options = {key: value for key, value in attempt.options.items() if key != "accounts"}
    made = establish(
        provider_of(attempt.provider),
        account,
        secrets=secrets,
        options=options,
        expires_at=attempt.expires_at,
        scopes=tuple(attempt.scopes),
        actor_name=attempt.connected_by,
        at=at,
    )
    attempt.delete()
    start_check(made, at=at)
    return made


_PASSING = {"code", "verifier", "redirect_uri", "id_token", "nonce"}
"""What an attempt needs once, and nobody afterwards."""


@transaction.atomic
def discard_attempt(attempt: Connection, *, actor: User) -> None:
    """Forget an attempt; what it got from the vendor is forgotten, not given back.

    A vendor may count all of a person's consents as one: giving this one back could end a connection
    of another clinic.
    """
    _require(actor, Action.CREATE)
    Connection.objects.filter(pk=attempt.pk, state=State.PENDING).delete()


@transaction.atomic
def change_form(
    connection: Connection,
    *,
    secrets: Mapping[str, str],
    options: Mapping[str, Any],
    actor: User,
    at: datetime,
) -> Connection:
    """Try a form's new details; secrets left empty stay as they are. See `begin`."""
    kept = open_secrets(connection)
    kept.pop(inbox.HOOK_KEY, None)
    given = {name: value for name, value in secrets.items() if value}
    merged = {**connection.options, **options}
    return begin(
        provider_of(connection.provider),
        secrets={**kept, **given},
        options=merged,
        actor=actor,
        at=at,
    )


# ── keeping ──────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def set_options(connection: Connection, options: Mapping[str, Any], *, actor: User) -> Connection:
    """Change settings that are no secrets; what is not named stays."""
    _require(actor, Action.CHANGE)
    held = Connection.objects.select_for_update().get(pk=connection.pk)
    held.options = {**held.options, **options}
    held.save(update_fields=["options", "changed_at"])
    connection.options = held.options
    return held


def start_check(connection: Connection, *, at: datetime, actor: User | None = None) -> None:
    """Let a worker try the connection out; the page shows what it found."""
    if actor is not None:
        _require(actor, Action.RUN)
    Connection.objects.filter(pk=connection.pk).update(checking_since=at)
    connection.checking_since = at
    _after_commit("check", connection)


@transaction.atomic
def disconnect(connection: Connection, *, actor: User, at: datetime) -> Connection:
    """End a connection: its secrets are dropped here now, and given back at the vendor's soon after.

    What waits for the vendor goes on waiting, until it is connected again or somebody gives it up.
    """
    _require(actor, Action.DELETE)
    held = Connection.objects.select_for_update().filter(
        pk=connection.pk, state__in=selectors.IN_USE
    )
    found = held.first()
    if found is None:
        raise ConnectError("This is disconnected already.")
    keeps_because = provider_of(found.provider).keeps_because
    if keeps_because is not None and (reason := keeps_because()):
        raise ConnectError(reason)
    Connection.objects.filter(provider=found.provider, state=State.PENDING).delete()
    if found.sealed:
        outbox.put(
            "connections.revoke",
            found,
            key=f"connections.revoke:{found.pk}:{at.timestamp():.0f}",
            payload={
                "provider": found.provider,
                "external_id": found.external_id,
                "account_name": found.account_name,
                "sealed": found.sealed,
            },
            not_after=at + REVOKED_WITHIN,
        )
    bindings.unbind(found.pk)
    found.state, found.sealed, found.expires_at = State.OFF, "", None
    found.paused_until, found.problem, found.problem_at = None, "", None
    found.checking_since, found.found = None, ""
    found.save()
    return found


# ── deciding what becomes of an entry ────────────────────────────────────────────────────────────────


@transaction.atomic
def try_again(entry: OutboxEntry, *, actor: User, at: datetime) -> OutboxEntry:
    """Let an entry that was refused, given up or is unclear wait once more; raises ConnectError."""
    found = _undecided(entry, actor)
    found.state, found.attempts, found.not_before = OutboxEntry.State.WAITING, 0, at
    found.problem, found.claimed_at = "", None
    if found.not_after is not None and found.not_after < at:
        found.not_after = None
    found.save()
    _record("try_again", found)
    outbox.deliver_after_commit()
    return found


@transaction.atomic
def mark_done(entry: OutboxEntry, *, actor: User, at: datetime, vendor_id: str = "") -> OutboxEntry:
    """Take somebody's word that an unclear entry was done at the vendor's; raises ConnectError."""
    found = _undecided(entry, actor)
    found.vendor_id = vendor_id.strip() or found.vendor_id
    answer = Answer(vendor_id=found.vendor_id, kept=found.answer)
    _record("mark_done", found)
    OutboxEntry.objects.filter(pk=found.pk).update(state=OutboxEntry.State.UNCLEAR)
    if not settling.settle(found, answer, at=at):
        raise ConnectError(
            "It could not be written down that this was done. The operators are told."
        )
    found.refresh_from_db()
    return found


@transaction.atomic
def give_up(entry: OutboxEntry, *, actor: User, at: datetime) -> OutboxEntry:
    """Say that an entry is not wanted any more; what stands behind it in its lane goes on."""
    found = _undecided(entry, actor, waiting_too=True)
    settling.cancel(found.pk, f"Given up by {actor.name}.", at=at)
    _record("give_up", found)
    if found.lane:
        outbox.deliver_after_commit()
    found.refresh_from_db()
    return found


def _undecided(entry: OutboxEntry, actor: User, *, waiting_too: bool = False) -> OutboxEntry:
    states = {OutboxEntry.State.FAILED, OutboxEntry.State.UNCLEAR}
    if waiting_too:
        states.add(OutboxEntry.State.WAITING)
    _require(actor, Action.CHANGE)
    found = OutboxEntry.objects.select_for_update().get(pk=entry.pk)
    if found.state not in states:
        raise ConnectError("Somebody has decided this already, or it is on its way.")
    return found


def _record(verb: str, entry: OutboxEntry) -> None:
    record(
        f"delivery.{verb}",
        object_type=OutboxEntry._meta.db_table,
        object_id=str(entry.pk),
        payload={"kind": entry.kind, "about": entry.subject_type, "id": str(entry.subject_id)},
    )


def _wake(provider: str, at: datetime) -> None:
    """Let everything that waits for a vendor be tried now."""
    mine = Q(provider=provider) | Q(provider="")
    OutboxEntry.objects.filter(mine, state=OutboxEntry.State.WAITING, not_before__gt=at).filter(
        ~Q(problem="")
    ).update(not_before=at)
    outbox.deliver_after_commit()


def _require(actor: User, action: Action) -> None:
    if not allows(actor, action, Resource.INTEGRATIONS):
        raise PermissionDenied(f"{Resource.INTEGRATIONS}.{action}")


def _after_commit(task: str, connection: Connection) -> None:
    from connections import tasks

    send = partial(getattr(tasks, task).delay_for, current_scope().tenant_id, str(connection.pk))
    transaction.on_commit(send, robust=True)
