"""Tasks that come of something outside, such as a patient's answer, and not of a colleague."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from clinical.notices.services import Told, notify
from clinical.threads.models import Participant, Post, Thread
from clinical.threads.rules import who_may_take_part

if TYPE_CHECKING:
    from datetime import datetime

    from clinical.patients.models import Patient

LONGEST_SUBJECT = 150


@transaction.atomic
def open_task_for_reception(
    *, subject: str, body: str, by: str, at: datetime, patient: Patient | None = None
) -> Thread:
    """Give the front desk something to do; where there is none, to owners and administrators."""
    desk = list(who_may_take_part().filter(role=User.Role.RECEPTION))
    leads = (User.Role.OWNER, User.Role.ADMIN)
    people = desk or list(who_may_take_part().filter(role__in=leads))
    thread = Thread.objects.create(
        patient=patient,
        subject=subject[:LONGEST_SUBJECT],
        task=Thread.Task.OPEN,
        priority=Thread.Priority.HIGH,
        created_at=at,
        last_post_at=at,
    )
    Post.objects.create(thread=thread, author_name=by, body=body, created_at=at)
    Participant.objects.bulk_create(
        Participant(thread=thread, user=person, unread_since=at) for person in people
    )
    url = reverse("threads:detail", urlconf=settings.CLINIC_URLCONF, kwargs={"pk": thread.pk})
    told = Told(
        key=f"thread:{thread.pk}", text=f"{by}: {subject}", url=url, kind="task", patient=patient
    )
    notify(people, told, at=at)
    return thread
