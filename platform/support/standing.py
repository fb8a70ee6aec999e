"""Whether an operator still is one, asked of the operators' own table from inside a clinic's request."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.connection import ConnectionDoesNotExist

from accounts.models import Session, User
from accounts.sessions import TOUCH_EVERY
from tenants.scope import platform_scope

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def operator_stands(
    operator_id: UUID, session_digest: str, *, at: datetime, is_there: bool = False
) -> bool:
    """Answer whether the operator is active and still signed in where the visit began.

    `is_there`: what they do in the clinic counts as being there. In a process that has no way to the
    operators' table the answer is no.
    """
    idle = timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    try:
        with platform_scope():
            mine = Session.objects.filter(
                key_digest=session_digest,
                user_id=operator_id,
                user__is_active=True,
                user__role=User.Role.OPERATOR,
                expires_at__gt=at,
                last_seen_at__gt=at - idle,
            )
            session = mine.first()
            if session is None:
                return False
            if is_there and session.last_seen_at < at - TOUCH_EVERY:
                mine.update(last_seen_at=at)
            return True
    except ConnectionDoesNotExist:
        return False
