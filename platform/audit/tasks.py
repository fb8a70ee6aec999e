"""Background work of the audit trail: sealing, anchoring, verifying."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from celery import shared_task

from audit import anchors, checks, services, trails
from tenants.tasks import tenant_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.trails import Trail
    from tenants.tasks import TenantTask

log = logging.getLogger(__name__)


@shared_task(name="audit.seal_everywhere")
def seal_everywhere() -> None:
    """Seal what waits in every clinic and on the platform; each in its own short transaction."""
    _everywhere(services.seal)


@shared_task(name="audit.anchor_everywhere")
def anchor_everywhere() -> None:
    """Write every chain's head outside the database."""
    _everywhere(lambda trail: anchors.drop_anchor(trail, anchors.standard_path(trail)))


@tenant_task(name="audit.verify", long=True)
def verify_trail(task: TenantTask) -> None:
    """Verify the clinic's trail against its own anchors and record the verdict in it."""
    trail = trails.trail_of(task.tenant, actor=task.actor)
    checks.check_trail(trail)


def _everywhere(work: Callable[[Trail], object]) -> None:
    for trail in trails.all_trails():
        try:
            work(trail)
        except Exception:
            # One clinic's trouble must not keep the others unsealed.
            log.exception("the audit trail of %s could not be worked on", trail.label)
