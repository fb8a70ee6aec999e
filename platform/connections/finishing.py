"""What a worker does about a connection: finishes an attempt, tries it out. Outside every scope."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from connections import conditions, oauth, services, tokens
from connections.models import Connection
from connections.providers import provider as provider_of
from connections.sealing import open_secrets, seal_secrets
from connections.settling import words_for
from ports.outcomes import BrokenConnectionError, DeliveryError, RefusedError
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from connections.opened import OpenConnection
    from connections.providers import Account, Provider
    from tenants.models import Tenant

log = logging.getLogger(__name__)

State = Connection.State
FORGOTTEN_AFTER = timedelta(seconds=45)
NO_ACCOUNT = "The consent reaches no account that could be connected. Use another log-in there."


def finish(tenant: Tenant, pk: UUID | str) -> None:
    """Finish an attempt to connect: tokens, accounts, the connection. Delivered twice, it does nothing.

    Where several accounts are reached, the attempt waits for somebody to choose.
    """
    taken = _take(tenant, pk)
    if taken is None:
        return
    provider, passing, opened = taken
    try:
        if passing.get("code"):
            opened = _exchanged(tenant, pk, provider, passing)
        accounts = _accounts(provider, opened)
    except Exception as error:
        if not isinstance(error, DeliveryError):
            log.exception("an attempt to connect %s ended in an error of ours", provider.key)
        _note_failed(tenant, pk, words_for(error))
        return
    with tenant_scope(tenant):
        attempt = Connection.objects.select_for_update().filter(pk=pk, state=State.PENDING).first()
        if attempt is None:
            return
        if len(accounts) > 1:
            attempt.options = {**attempt.options, "accounts": [asdict(one) for one in accounts]}
            attempt.checking_since = None
            attempt.save(update_fields=["options", "checking_since", "changed_at"])
            return
    try:
        with tenant_scope(tenant):
            services.complete(Connection.objects.get(pk=pk), accounts[0], at=timezone.now())
    except services.ConnectError as error:
        _note_failed(tenant, pk, str(error))


def forgotten(now: datetime) -> QuerySet[Connection, UUID]:
    """Answer the attempts of the clinic in scope that no worker has taken up."""
    waiting = Connection.objects.filter(state=State.PENDING, checked_at=None)
    found = waiting.filter(checking_since__lt=now - FORGOTTEN_AFTER)
    return found.values_list("pk", flat=True)


def _accounts(provider: Provider, opened: OpenConnection) -> list[Account]:
    accounts = provider.adapter.accounts(opened)
    if not accounts:
        raise RefusedError(NO_ACCOUNT)
    return accounts


def _take(tenant: Tenant, pk: UUID | str) -> tuple[Provider, dict[str, str], OpenConnection] | None:
    """Take an attempt that waits, and out of it the code: a code that is used twice ends everything."""
    with tenant_scope(tenant) as scope:
        held = Connection.objects.select_for_update().filter(pk=pk, state=State.PENDING)
        attempt = held.exclude(checking_since=None).first()
        if attempt is None or attempt.checked_at is not None:
            return None
        passing = open_secrets(attempt)
        kept = {name: value for name, value in passing.items() if name not in _ONCE}
        attempt.sealed = seal_secrets(attempt, kept)
        attempt.checked_at = timezone.now()
        attempt.save(update_fields=["sealed", "checked_at", "changed_at"])
        return provider_of(attempt.provider), passing, tokens.opened_from(attempt, scope)


_ONCE = {"code", "verifier"}


def _exchanged(
    tenant: Tenant, pk: UUID | str, provider: Provider, passing: dict[str, str]
) -> OpenConnection:
    got = oauth.exchange(
        provider,
        code=passing["code"],
        verifier=passing["verifier"],
        redirect_uri=passing["redirect_uri"],
    )
    with tenant_scope(tenant) as scope:
        attempt = Connection.objects.select_for_update().filter(pk=pk, state=State.PENDING).first()
        if attempt is None:
            raise RefusedError("This attempt was given up. Start again.")
        tokens.store_tokens(attempt, got)
        return tokens.opened_from(attempt, scope)


def _note_failed(tenant: Tenant, pk: UUID | str, words: str) -> None:
    """Keep why an attempt failed until it is looked at; what it got is forgotten."""
    now = timezone.now()
    with tenant_scope(tenant):
        Connection.objects.filter(pk=pk, state=State.PENDING).update(
            problem=words, problem_at=now, checking_since=None, sealed="", changed_at=now
        )


def check(tenant: Tenant, pk: UUID | str) -> None:
    """Try a connection out and keep what was found."""
    with tenant_scope(tenant):
        connection = Connection.objects.filter(pk=pk, state=State.LIVE).first()
    if connection is None:
        return
    provider = provider_of(connection.provider)
    found, problem, broken = "", "", False
    try:
        opened = tokens.open_connection(tenant, provider.key)
        found = provider.adapter.check(opened)
    except BrokenConnectionError as error:
        problem, broken = error.words, True
    except Exception as error:
        if not isinstance(error, DeliveryError):
            log.exception("the test of a connection to %s ended in an error of ours", provider.key)
        problem = words_for(error)
    now = timezone.now()
    with tenant_scope(tenant):
        Connection.objects.filter(pk=pk).update(
            checking_since=None, checked_at=now, found=found, changed_at=now
        )
        if broken:
            conditions.mark_broken(connection.pk, problem, at=now)
        elif problem:
            conditions.note_problem(connection.pk, problem, at=now)
        else:
            conditions.note_success(connection.pk, at=now)
