"""What the head of a patient's record says of open tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from clinical.patients.header import Fact
from clinical.threads.selectors import open_tasks_about

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient


def open_tasks(actor: User, patient: Patient, now: datetime) -> Iterator[Fact]:
    """Say how many tasks about the patient are open; nothing where none is."""
    count, first = open_tasks_about(actor, patient)
    if not count:
        return
    is_late = first is not None and first < timezone.localdate(now)
    yield Fact(
        "Open tasks",
        str(count),
        note=f"due {first:%-d %b}" if first else "",
        tone="warning" if is_late else "",
        url=reverse("threads:about", kwargs={"pk": patient.pk}),
        order=70,
        in_drawer=True,
    )
