"""The secrets of a connection, and where it may lead."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings

from onboarding.filemaker.live.addresses import NetworkPolicy
from onboarding.filemaker.live.connection import Interface, LiveSettings
from onboarding.filemaker.live.errors import LiveSourceError
from onboarding.imports.connection.models import FileMakerConnection
from tenants import vault

if TYPE_CHECKING:
    import uuid

    from tenants.models import Tenant

log = logging.getLogger(__name__)

_PROVIDER = "filemaker"
_INTERFACES: dict[str, Interface] = {
    FileMakerConnection.Kind.DATA_API: "data-api",
    FileMakerConnection.Kind.ODATA: "odata",
}


class NotConnectedError(LiveSourceError):
    code = "not-connected"
    message = "The connection to FileMaker Server was ended, so nothing can be read from it."
    remedy = "Set it up again under Settings, Data management, FileMaker Server."


class PasswordLostError(LiveSourceError):
    """The vault does not open it: another installation's data, or keys that were dropped."""

    code = "password-lost"
    message = "The stored password cannot be opened any more."
    remedy = "Type it anew under “Change”."


def seal_password(connection: FileMakerConnection, password: str) -> str:
    return vault.seal(password, provider=_PROVIDER, field=f"password:{connection.pk}")


def live_settings(connection: FileMakerConnection) -> LiveSettings:
    """Answer what is needed to connect, the password in clear; the caller is in the clinic's scope.

    Raises NotConnectedError and PasswordLostError.
    """
    if not connection.has_password:
        raise NotConnectedError
    try:
        password = vault.open_sealed(
            connection.sealed_password, provider=_PROVIDER, field=f"password:{connection.pk}"
        )
    except vault.VaultError as error:
        log.warning("a FileMaker password does not open: %s", type(error).__name__)
        raise PasswordLostError from None
    return LiveSettings(
        server=connection.host,
        database=connection.database,
        account=connection.account,
        password=password,
        interface=_INTERFACES[connection.kind],
        authority_pem=connection.authority_pem,
        shown=tuple(connection.shown),
    )


def network_policy(tenant: Tenant) -> NetworkPolicy:
    """Answer which private networks the operators let this clinic reach (NEXUS_PRIVATE_NETWORKS)."""
    allowed: dict[str, tuple[str, ...]] = settings.PRIVATE_NETWORKS
    return NetworkPolicy.allowing(*allowed.get("", ()), *allowed.get(tenant.subdomain, ()))


def keep_session(connection_id: uuid.UUID, token: str) -> None:
    """Keep the token of a session that is open, so that after a crash it can still be ended."""
    place = {"provider": _PROVIDER, "field": f"session:{connection_id}"}
    sealed = vault.seal(token, **place) if token else ""
    FileMakerConnection.objects.filter(pk=connection_id).update(sealed_session=sealed)


def left_session(connection: FileMakerConnection) -> str:
    """Answer the token that a crash has left, or an empty text."""
    if not connection.sealed_session:
        return ""
    try:
        return vault.open_sealed(
            connection.sealed_session, provider=_PROVIDER, field=f"session:{connection.pk}"
        )
    except vault.VaultError:
        return ""  # the server itself ends it after 15 minutes


@vault.reseals
def reseal_passwords() -> int:
    """Seal the passwords of the clinic in scope under its newest data key."""
    sealed = 0
    for connection in FileMakerConnection.objects.exclude(sealed_password="").select_for_update():
        place = {"provider": _PROVIDER, "field": f"password:{connection.pk}"}
        connection.sealed_password = vault.seal(
            vault.open_sealed(connection.sealed_password, **place), **place
        )
        connection.save(update_fields=["sealed_password"])
        sealed += 1
    return sealed
