"""What nobody has come back to is forgotten: sign-ups never confirmed, clinics never entered."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from accounts.models import User
from clinical.patients.models import Patient
from onboarding.signup.models import Signup
from onboarding.subscription.offer import offer
from tenants import jobs
from tenants.migrate import OWNER
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope

if TYPE_CHECKING:
    from datetime import datetime

log = logging.getLogger(__name__)
WHY = "Nobody has signed in since this clinic was set up. Write to us and it is opened again."
KIND = "sweep"


def forget_unconfirmed(*, now: datetime) -> int:
    """Delete the sign-ups whose link nobody followed in time; answers how many."""
    before = now - timedelta(days=offer().sign_up.forget_days)
    with public_scope(using=OWNER):
        gone = Signup.objects.filter(
            state__in=[Signup.State.MAILED, Signup.State.FAILED], requested_at__lt=before
        )
        return int(gone.delete()[0])


def unused_clinics(*, now: datetime) -> list[Tenant]:
    """Answer the clinics made by a sign-up long ago that nobody has ever signed in to."""
    before = now - timedelta(days=offer().sign_up.unused_days)
    with public_scope(using=OWNER):
        made = Signup.objects.filter(state=Signup.State.READY, changed_at__lt=before)
        clinics = list(
            Tenant.objects.filter(
                pk__in=made.exclude(clinic_id=None).values_list("clinic_id"),
                state=Tenant.State.ACTIVE,
            )
        )
    return [clinic for clinic in clinics if _is_unused(clinic)]


def _is_unused(clinic: Tenant) -> bool:
    with tenant_scope(clinic):
        entered = User.objects.filter(last_login__isnull=False).exists()
        return not entered and not Patient.objects.exists()


def sweep_unused(*, now: datetime) -> int:
    """Ask for the end of every unused clinic; answers of how many."""
    asked = 0
    for clinic in unused_clinics(now=now):
        try:
            with public_scope(using=OWNER):
                jobs.ask(KIND, clinic, asked_by="sign-up", asked_from="platform")
        except jobs.JobError as error:
            log.info("clinic %s is not swept now: %s", clinic.pk, error)
        else:
            asked += 1
    return asked


def still_unused(work: jobs.Work) -> None:
    """Look once more: somebody may have come in between."""
    clinic = work.tenant
    if not _is_unused(clinic):
        raise jobs.JobError("Somebody has signed in to this clinic by now. It stays.")


def close(work: jobs.Work) -> None:
    """Close the clinic; who comes after all reads why, and an operator deletes it or opens it."""
    clinic = work.tenant
    with public_scope(using=OWNER):
        Tenant.objects.filter(pk=clinic.pk, state=Tenant.State.ACTIVE).update(
            state=Tenant.State.ARCHIVED, state_reason=WHY
        )
    work.finish(closed=clinic.subdomain)


SWEEP = jobs.Kind(
    KIND,
    "Closing of a clinic nobody came to",
    (
        jobs.Step("look", "Looking whether anybody has come", still_unused),
        jobs.Step("close", "Closing the clinic", close),
    ),
)
