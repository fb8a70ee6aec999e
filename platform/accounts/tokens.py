"""What the links in our mails carry: proof that its bearer reads the mailbox, good once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.utils.crypto import salted_hmac

from tenants.scope import current_scope

if TYPE_CHECKING:
    from accounts.models import User

INVITATION_DAYS = 7
_SALT = "accounts.invitation"


class ResetTokens(PasswordResetTokenGenerator):
    """Django's reset tokens, bound to the clinic; dead after a new password or a log-in."""

    key_salt = "accounts.ResetTokens"

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        state = super()._make_hash_value(user, timestamp)
        return f"{current_scope().key}:{user.is_active}:{state}"


reset_tokens = ResetTokens()


def invitation_token(user: User) -> str:
    """Make the token of an invitation; a second invitation, or joining, makes it worthless."""
    return signing.dumps([str(user.pk), _invitation_state(user)], salt=_salt())


def invited_id(token: str) -> tuple[UUID, str] | None:
    """Read a token: the person's id and the state it was made for; None when forged or too old."""
    try:
        pk, state = signing.loads(token, salt=_salt(), max_age=INVITATION_DAYS * 24 * 60 * 60)
        return UUID(pk), str(state)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def is_current(user: User, state: str) -> bool:
    """Answer whether an invitation's state is still the person's."""
    return state == _invitation_state(user)


def _invitation_state(user: User) -> str:
    invited = user.invited_at.isoformat() if user.invited_at else ""
    return salted_hmac(
        _SALT, f"{invited}:{user.is_active}:{user.password}", algorithm="sha256"
    ).hexdigest()[:24]


def _salt() -> str:
    return f"{_SALT}.{current_scope().key}"
