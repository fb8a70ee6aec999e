"""What the audit trail hears from here: log-ins, log-outs, refusals, changes of people's rights."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User
    from accounts.permissions import Action, Resource


def record(action: str, *, user: User | None = None, result: str = "ok", **payload: Any) -> None:
    """Record an event about a person of this clinic (or an operator)."""
    from audit.services import record as record_event

    record_event(
        action,
        object_type="accounts.user",
        object_id=str(user.pk) if user is not None else "",
        result=result,
        payload=payload or None,
    )


def record_denial(request: HttpRequest, *, action: Action, resource: Resource) -> None:
    """Record that somebody was refused, by the route's name: its address may name a person."""
    from audit.denials import mark_recorded
    from audit.services import record as record_event

    mark_recorded(request)
    match = request.resolver_match
    record_event(
        "permission.denied",
        object_type=resource.value,
        result="denied",
        payload={"action": action.value, "route": match.view_name if match else ""},
    )


def fingerprint(email: str) -> str:
    """Name an address without writing it down; people type passwords into the wrong box."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]
