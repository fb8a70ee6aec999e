"""The address of an export is good for two minutes, for one person, in one clinic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing

from tenants.scope import current_scope

if TYPE_CHECKING:
    from accounts.models import User
    from onboarding.takeout.models import Takeout

SECONDS = 120
SALT = "takeout.link"


class BadLinkError(ValueError):
    """The link has ended, or was made for somebody or something else."""


def sign_link(takeout: Takeout, *, actor: User) -> str:
    return _signer(takeout, actor).sign("").lstrip(":")


def check_link(token: str, takeout: Takeout, *, actor: User) -> None:
    """Raise BadLinkError unless the token is good for just this, now."""
    try:
        _signer(takeout, actor).unsign(f":{token}", max_age=SECONDS)
    except signing.BadSignature as error:
        raise BadLinkError("This link has ended. Press Download again.") from error


def _signer(takeout: Takeout, actor: User) -> signing.TimestampSigner:
    bound = (SALT, current_scope().key, str(actor.pk), str(takeout.pk))
    return signing.TimestampSigner(salt=":".join(bound))
