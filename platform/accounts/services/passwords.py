"""New passwords: changed by their owner, or reset by mail."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.password_validation import validate_password

from accounts import trail
from accounts.letters import Letter, post
from accounts.models import User
from accounts.services.sessions import end_sessions
from accounts.transactions import atomic


@atomic
def set_password(user: User, password: str, *, keep: str | None = None) -> None:
    """Give a person the password they have chosen; their other sessions end.

    `keep` is the key of the session that goes on. Raises ValidationError for a refused password.
    """
    _store(user, password)
    trail.record("password.changed", user=user)
    end_sessions(user, keep=keep, why="password changed")
    post(Letter.PASSWORD_CHANGED, user.pk)


@atomic
def reset_password(user: User, password: str) -> None:
    """Give a person who has followed the mailed link a new password; all their sessions end.

    The second factor stays as it is: reading somebody's mail is not enough to be them.
    """
    _store(user, password)
    trail.record("password.reset", user=user)
    end_sessions(user, why="password reset")
    post(Letter.PASSWORD_CHANGED, user.pk)


def request_password_reset(email: str) -> None:
    """Mail a link to whoever has this address; the same work is done where nobody has."""
    user = User.objects.filter(
        email=email.strip().lower(), is_active=True, invited_at__isnull=True
    ).first()
    if user is None:
        trail.record("password.reset_requested", result="unknown", address=trail.fingerprint(email))
    else:
        trail.record("password.reset_requested", user=user)
    post(Letter.PASSWORD_RESET, user.pk if user is not None else uuid4())


def _store(user: User, password: str) -> None:
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
