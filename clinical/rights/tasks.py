"""What passes by itself in the registers: copies end, and the bell reminds of days that run out.

Records are never destroyed here: only two people can do that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from celery import shared_task
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, Resource, allows
from clinical.notices.services import Told, notify
from clinical.rights.models import Breach, PersonExport, RightsRequest
from clinical.rights.policy import policy_of
from clinical.rights.services import delete_copy
from tenants.tasks import in_every_clinic

if TYPE_CHECKING:
    from datetime import date, datetime

    from tenants.models import Tenant

SOON = timedelta(days=7)


@shared_task(name="rights.tidy_everywhere")
def tidy_everywhere() -> None:
    """Look after every clinic's registers."""
    for _clinic in in_every_clinic(
        lambda tenant: tidy(tenant, now=timezone.now()), what="registers"
    ):
        pass


def tidy(tenant: Tenant, *, now: datetime) -> tuple[int, int]:
    """Delete copies whose days are over, and remind of what is due; answers how many of each."""
    old = PersonExport.objects.filter(state=PersonExport.State.READY, expires_at__lte=now)
    gone = 0
    for export in old:
        delete_copy(export)
        gone += 1
    return gone, remind(tenant, now=now)


def remind(tenant: Tenant, *, now: datetime) -> int:
    """Put what must be answered soon, or is late, under the bell of whoever answers for privacy."""
    people = [
        person
        for person in User.objects.filter(is_active=True)
        if allows(person, Action.CHANGE, Resource.PRIVACY)
    ]
    if not people:
        return 0
    today = timezone.localdate(now)
    policy = policy_of(tenant)
    notices: list[Told] = []
    soon = timedelta(days=int(policy.said["breach"]["remind_days"]))
    late = Breach.objects.filter(is_closed=False, due_on__lte=today + soon)
    notices += [
        Told(
            key=f"breach:{breach.pk}:{_stage(breach.due_on, today)}",
            text=f"A data breach is to be assessed {_by(breach.due_on, today)}.",
            url=_url("rights:breach", pk=breach.pk),
        )
        for breach in late
    ]
    asked = RightsRequest.objects.filter(
        state=RightsRequest.State.OPEN, due_on__lte=today + SOON
    ).select_related("patient")
    notices += [
        Told(
            key=f"rights:{request.pk}:{_stage(request.due_on, today)}",
            text=f"{request.get_kind_display()}: to be answered {_by(request.due_on, today)}.",
            url=_url("rights:record", pk=request.patient_id),
            patient=request.patient,
        )
        for request in asked
    ]
    for told in notices:
        _once(people, told, now)
    return len(notices)


def _once(people: list[User], told: Told, now: datetime) -> None:
    """Tell each once of each stage: what somebody has read does not come again the same day."""
    from clinical.notices.models import Notice

    told_already = set(
        Notice.objects.filter(key=told.key, user__in=people).values_list("user_id", flat=True)
    )
    notify([person for person in people if person.pk not in told_already], told, at=now)


def _stage(due_on: date, today: date) -> str:
    return "late" if due_on < today else "soon"


def _by(due_on: date, today: date) -> str:
    if due_on < today:
        return f"since {due_on:%-d %b} (late)"
    return "today" if due_on == today else f"by {due_on:%-d %b}"


def _url(name: str, **kwargs: object) -> str:
    return reverse(name, urlconf=settings.CLINIC_URLCONF, kwargs=kwargs)
