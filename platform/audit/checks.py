"""Verifying from the clinic's own screen: asked for, run as a task, its verdict kept in the trail."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from audit import anchors, services
from audit.models import Event, QueuedEvent, Seal
from audit.verification import Verdict, verify
from tenants.scope import current_scope

if TYPE_CHECKING:
    from datetime import datetime

    from audit.trails import Trail

log = logging.getLogger(__name__)

ACTION, OBJECT_TYPE, REQUESTED = "verify", "audit_seal", "requested"
GIVEN_UP_AFTER = timedelta(minutes=30)
"""A verification that has not answered by then is taken for lost and may be asked for again."""


@dataclass(frozen=True)
class SealState:
    """How far the trail is sealed, and how its last verification went."""

    seals: int
    sealed_through: datetime | None
    unsealed: int
    checked: Event | None
    verdict: dict[str, object] | None
    is_running: bool


def request_check() -> None:
    """Ask for a verification of the running scope's trail, unless one is running.

    It starts when the request commits.
    """
    from audit.tasks import verify_trail

    if seal_state().is_running:
        return
    services.record(ACTION, object_type=OBJECT_TYPE, result=REQUESTED)
    transaction.on_commit(verify_trail.delay, using=current_scope().alias)


def check_trail(trail: Trail) -> Verdict:
    """Verify a trail against its standing anchors and record the verdict."""
    path = anchors.standard_path(trail)
    known = list(anchors.read_anchors(path)) if path.exists() else []
    verdict = verify(trail, anchors=known)
    if not verdict.ok:
        log.error("the audit trail does not verify: %s", dict(verdict.counts))
    with trail.open():
        services.record(
            ACTION,
            object_type=OBJECT_TYPE,
            object_id=str(verdict.seals),
            result="ok" if verdict.ok else "failed",
            payload=verdict.as_json(),
        )
    return verdict


def seal_state() -> SealState:
    """Answer the state of the running scope's trail."""
    head = Seal.objects.order_by("-n").defer("ids", "marks").first()
    asked = Event.objects.filter(object_type=OBJECT_TYPE, action=ACTION).order_by("-at", "-id")
    last = asked.first()
    checked = asked.exclude(result=REQUESTED).select_related("payload").first()
    payload = getattr(checked, "payload", None)
    return SealState(
        seals=head.n if head else 0,
        sealed_through=head.last_at if head else None,
        unsealed=QueuedEvent.objects.count(),
        checked=checked,
        verdict=json.loads(payload.body) if payload else None,
        is_running=(
            last is not None
            and last.result == REQUESTED
            and last.at > timezone.now() - GIVEN_UP_AFTER
        ),
    )
