"""Making clinics in the worker, which alone holds the owner's connection."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any

from celery import shared_task
from django.utils import timezone

from onboarding.signup import services, status, sweeping
from onboarding.signup.letters import confirmation
from onboarding.signup.models import Signup
from tenants.scope import public_scope

STUCK_AFTER = timedelta(seconds=90)
RETRY: dict[str, Any] = {
    "autoretry_for": (OSError, smtplib.SMTPException),
    "retry_backoff": 30,
    "max_retries": 6,
}


@shared_task(name="signup.send_link", **RETRY)
def send_link(signup_id: str) -> None:
    """Mail the link of a sign-up that is still to be confirmed."""
    with public_scope():
        signup = Signup.objects.filter(pk=signup_id, state=Signup.State.MAILED).first()
    if signup is not None:
        confirmation(signup).send()


@shared_task(name="signup.provision_clinic", acks_late=True)
def provision_clinic(signup_id: str) -> None:
    services.provision(signup_id)


@shared_task(name="signup.resume_stuck", acks_late=True)
def resume_stuck() -> None:
    """Take up sign-ups whose worker died or whose message was lost."""
    status.note_worker()
    with public_scope():
        stuck = list(
            Signup.objects.filter(
                state__in=Signup.BUILDING_STATES, changed_at__lt=timezone.now() - STUCK_AFTER
            ).values_list("pk", flat=True)
        )
    for pk in stuck:
        services.provision(pk)


@shared_task(name="signup.sweep")
def sweep() -> None:
    """Forget what nobody has come back to."""
    now = timezone.now()
    sweeping.forget_unconfirmed(now=now)
    sweeping.sweep_unused(now=now)
