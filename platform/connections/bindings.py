"""Which clinic an external account or a hook's key belongs to: one row a clinic, shared, hashes only.

The table stands in `public`, so that a request that names no clinic finds one, and so that an account
is bound to one clinic at most. Inside a clinic only its own rows can be seen and written.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from tenants.models import Tenant, VendorBinding
from tenants.scope import ScopeError, current_scope, public_scope, shared_rows

if TYPE_CHECKING:
    from uuid import UUID

    from connections.models import Connection


class AccountTakenError(Exception):
    """The vendor's account is connected to another clinic."""


def digest(*words: str) -> str:
    """Answer what the shared table knows an account or a key by."""
    text = "\0".join(f"{len(word)}:{word}" for word in words)
    return hashlib.sha256(text.encode()).hexdigest()


def account_digest(provider: str, external_id: str) -> str:
    return digest("account", provider, external_id)


def key_digest(provider: str, key: str) -> str:
    return digest("key", provider, key)


def bind(connection: Connection, *digests: str) -> None:
    """Let accounts and keys lead to the clinic in scope; raises AccountTakenError.

    Takes the place of what the connection was bound by before.
    """
    unbind(connection.pk)
    tenant_id = _clinic()
    try:
        with transaction.atomic(), shared_rows() as cursor:
            for found in digests:
                cursor.execute(
                    "INSERT INTO public.tenants_vendorbinding (digest, tenant_id, connection_id) "
                    "VALUES (%s, %s, %s)",
                    [found, tenant_id, connection.pk],
                )
    except IntegrityError:
        raise AccountTakenError from None


def unbind(connection_id: UUID) -> None:
    """Let nothing lead to a connection any more."""
    with shared_rows() as cursor:
        cursor.execute(
            "DELETE FROM public.tenants_vendorbinding WHERE tenant_id = %s AND connection_id = %s",
            [_clinic(), connection_id],
        )


def find(found: str) -> tuple[Tenant, UUID] | None:
    """Answer the clinic and the connection behind a digest. Outside of any clinic's scope."""
    with public_scope():
        row = VendorBinding.objects.select_related("tenant").filter(digest=found).first()
    kept = (Tenant.State.ACTIVE, Tenant.State.READ_ONLY, Tenant.State.SUSPENDED)
    if row is None or row.tenant.state not in kept:
        return None
    return row.tenant, row.connection_id


def _clinic() -> int:
    scope = current_scope()
    if not scope.is_clinic:
        raise ScopeError("Accounts are bound to a clinic: do it inside tenant_scope().")
    return scope.tenant_id
