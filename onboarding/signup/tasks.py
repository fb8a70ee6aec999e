"""Making clinics in the worker, which alone holds the owner's connection."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from onboarding.signup import services
from onboarding.signup.models import Signup
from tenants.scope import public_scope

STUCK_AFTER = timedelta(seconds=90)


@shared_task(name="signup.provision_clinic", acks_late=True)
def provision_clinic(signup_id: str) -> None:
    services.provision(signup_id)


@shared_task(name="signup.resume_stuck", acks_late=True)
def resume_stuck() -> None:
    """Take up sign-ups whose worker died or whose message was lost."""
    with public_scope():
        stuck = list(
            Signup.objects.exclude(state__in=[Signup.State.READY, Signup.State.FAILED])
            .filter(changed_at__lt=timezone.now() - STUCK_AFTER)
            .values_list("pk", flat=True)
        )
    for pk in stuck:
        services.provision(pk)
