"""Ending sessions: the row is gone, so the next request with its cookie is a stranger's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts import trail
from accounts.models import Session
from accounts.sessions import digest_of

if TYPE_CHECKING:
    from uuid import UUID

    from accounts.models import User


def end_sessions(user: User, *, keep: str | None = None, why: str) -> int:
    """End a person's sessions, but for the one with the key `keep`; answers how many."""
    sessions = Session.objects.filter(user=user)
    if keep:
        sessions = sessions.exclude(key_digest=digest_of(keep))
    ended, _ = sessions.delete()
    if ended:
        trail.record("sessions.ended", user=user, count=ended, why=why)
    return ended


def end_session(user: User, session_id: UUID) -> bool:
    """End one of a person's own sessions; answers whether there was such a one."""
    ended, _ = Session.objects.filter(user=user, pk=session_id).delete()
    if ended:
        trail.record("sessions.ended", user=user, count=ended, why="ended by hand")
    return bool(ended)
