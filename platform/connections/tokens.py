"""A connection's secrets in clear, for work outside every scope; access tokens are renewed in time.

One worker at a time renews: under the row's lock, in a durable transaction of its own, and what the
vendor answered is committed before anybody uses it. Whoever waited for the lock finds it done.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from connections import conditions, oauth, selectors
from connections.models import Connection
from connections.opened import OpenConnection
from connections.providers import provider as provider_of
from connections.sealing import open_secrets, seal_secrets
from ports.outcomes import BrokenConnectionError
from tenants.scope import Scope, ScopeError, active_scope, scope_of_id, tenant_scope
from tenants.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from tenants.models import Tenant

MARGIN = timedelta(seconds=90)
"""A token that ends sooner is renewed before it is used."""
OLDEST = timedelta(days=25)
"""A token that nobody used is renewed after this: unused ones die at the vendors'."""


def open_connection(tenant: Tenant | Scope, provider: str) -> OpenConnection:
    """Answer the clinic's live connection to a vendor, with a token that is good.

    Outside every scope. Raises BrokenConnectionError where there is none that works, RetryLaterError
    where its token could not be renewed for now.
    """
    _check_outside()
    with tenant_scope(tenant) as scope:
        found = selectors.connection(provider)
        if found is None or found.state != Connection.State.LIVE:
            raise not_connected(provider, found)
        opened = opened_from(found, scope)
        is_stale = _is_stale(found, timezone.now())
    return _renewed(scope, found.pk) if is_stale else opened


def refused(opened: OpenConnection) -> OpenConnection:
    """Renew a token that the vendor did not take, once; raises BrokenConnectionError where it cannot.

    Outside every scope. Where another worker has renewed it meanwhile, that one is answered.
    """
    _check_outside()
    return _renewed(scope_of_opened(opened), opened.id, refused=opened.secrets)


def renew_unused(tenant: Tenant, provider: str) -> None:
    """Renew a token that has not been used for long, so that it does not die at the vendor's."""
    _check_outside()
    with tenant_scope(tenant) as scope:
        found = selectors.connection(provider)
        if found is None or found.state != Connection.State.LIVE:
            return
        secrets = open_secrets(found)
    if secrets.get("access_token"):
        _renewed(scope, found.pk, refused=secrets)


def opened_from(connection: Connection, scope: Scope) -> OpenConnection:
    """Open a connection inside its scope; raises BrokenConnectionError where its secrets are lost."""
    try:
        secrets = open_secrets(connection)
    except VaultError as error:
        raise BrokenConnectionError(
            "What was stored to connect cannot be read any more. Connect it again."
        ) from error
    return OpenConnection(
        id=connection.pk,
        provider=connection.provider,
        external_id=connection.external_id,
        account_name=connection.account_name,
        secrets=secrets,
        options=dict(connection.options),
        scopes=tuple(connection.scopes),
        clinic=scope.tenant_id,
    )


def scope_of_opened(opened: OpenConnection) -> Scope:
    return scope_of_id(opened.clinic)


def not_connected(provider: str, found: Connection | None) -> BrokenConnectionError:
    name = provider_of(provider).name
    if found is None:
        return BrokenConnectionError(f"{name} is not connected. Connect it under Integrations.")
    return BrokenConnectionError(found.problem or f"{name} has to be connected again.")


def store_tokens(connection: Connection, tokens: oauth.Tokens) -> None:
    """Keep what a token endpoint answered, with the secrets that are not its business."""
    secrets = {**open_secrets(connection), **tokens.secrets}
    connection.sealed = seal_secrets(connection, secrets)
    connection.expires_at = tokens.expires_at
    connection.renewed_at = timezone.now()
    connection.scopes = list(tokens.scopes)
    connection.save(update_fields=["sealed", "expires_at", "renewed_at", "scopes", "changed_at"])


def _renewed(scope: Scope, pk: UUID, *, refused: Mapping[str, str] | None = None) -> OpenConnection:
    vendor = None
    with tenant_scope(scope) as entered:
        # The lock holds everybody else who would renew while the vendor is asked.
        found = Connection.objects.select_for_update().get(pk=pk)
        vendor = provider_of(found.provider)
        if found.state != Connection.State.LIVE:
            raise not_connected(found.provider, found)
        opened = opened_from(found, entered)
        if opened.secrets != refused and not _is_stale(found, timezone.now()):
            return opened
        try:
            tokens = oauth.refresh(
                vendor,
                refresh_token=opened.secrets.get("refresh_token", ""),
                scopes=vendor.oauth.kept(opened.options, opened.scopes) if vendor.oauth else (),
            )
        except BrokenConnectionError as error:
            conditions.mark_broken(pk, error.words, at=timezone.now())
            broken = error
        else:
            store_tokens(found, tokens)
            return opened_from(found, entered)
    raise broken


def _is_stale(connection: Connection, now: datetime) -> bool:
    return connection.expires_at is not None and connection.expires_at < now + MARGIN


def _check_outside() -> None:
    if active_scope() is not None:
        raise ScopeError(
            "A connection is opened outside every scope: it may have to ask the vendor."
        )
