"""The address of a file is good for two minutes, for one person, in one clinic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing

from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User

SECONDS = 120
SALT = "rights.link"


class BadLinkError(ValueError):
    """The link has ended, or was made for somebody or something else."""


def sign_link(pk: UUID, *, actor: User) -> str:
    return _signer(pk, actor).sign("").lstrip(":")


def check_link(token: str, pk: UUID, *, actor: User) -> None:
    """Raise BadLinkError unless the token is good for just this, now."""
    try:
        _signer(pk, actor).unsign(f":{token}", max_age=SECONDS)
    except signing.BadSignature as error:
        raise BadLinkError("This link has ended. Press Download again.") from error


def _signer(pk: UUID, actor: User) -> signing.TimestampSigner:
    bound = (SALT, current_scope().key, str(actor.pk), str(pk))
    return signing.TimestampSigner(salt=":".join(bound))
