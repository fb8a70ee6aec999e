"""What the audit trail hears from here: log-ins, log-outs, changes of people's rights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from audit.services import record as record_event

if TYPE_CHECKING:
    from accounts.models import User


def record(action: str, *, user: User | None = None, result: str = "ok", **payload: Any) -> None:
    """Record an event about a person of this clinic (or an operator)."""
    record_event(
        action,
        object_type="accounts_user",
        object_id=str(user.pk) if user is not None else "",
        result=result,
        payload=payload or None,
    )


def fingerprint(email: str) -> str:
    """Name an address without writing it down; people type passwords into the wrong box."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]
