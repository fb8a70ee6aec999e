"""Links to bytes: short-lived, and good for one person, one clinic, one document, one purpose.

Beside the session and the permission, which are asked all the same: a copied address opens nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from django.core import signing

from tenants.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User

Purpose = Literal["show", "download", "preview"]
SALT = "documents.link"
SECONDS: dict[str, int] = {"show": 300, "download": 120, "preview": 3600}


class Linked(Protocol):
    """What has bytes to link to: a document, or a file that came with a message."""

    @property
    def pk(self) -> UUID: ...


class LinkExpiredError(ValueError):
    """The link was good once."""


class LinkForgedError(ValueError):
    """The link was made for somebody or something else, or by nobody of ours."""


def sign_link(document: Linked, *, actor: User, purpose: Purpose) -> str:
    """Answer the token that goes into the address."""
    return _signer(document, actor, purpose).sign("").lstrip(":")


def check_link(token: str, document: Linked, *, actor: User, purpose: Purpose) -> None:
    """Raise LinkExpiredError or LinkForgedError unless the token is good for just this."""
    try:
        _signer(document, actor, purpose).unsign(f":{token}", max_age=SECONDS[purpose])
    except signing.SignatureExpired as error:
        raise LinkExpiredError("This link has ended.") from error
    except signing.BadSignature as error:
        raise LinkForgedError("This link is not good.") from error


def _signer(document: Linked, actor: User, purpose: Purpose) -> signing.TimestampSigner:
    """What the link is good for goes into the salt: it is signed without standing in the address."""
    bound = (SALT, purpose, current_scope().key, str(actor.pk), str(document.pk))
    return signing.TimestampSigner(salt=":".join(bound))
