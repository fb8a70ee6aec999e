"""An answer that somebody must look at stands at the head of the record until somebody has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from clinical.measures.instruments import get_instrument
from clinical.measures.selectors import unseen_alerts
from clinical.patients.header import Banner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from accounts.models import User
    from clinical.patients.models import Patient


def banners(actor: User, patient: Patient, now: datetime) -> Iterable[Banner]:  # noqa: ARG001 - the hook's signature
    for row in unseen_alerts(actor, patient):
        instrument = get_instrument(row.code, row.instrument_version)
        yield Banner(
            title=f"An answer in the {instrument.short} needs to be looked at",
            text=f"Answered on {row.taken_on:%-d %B %Y}.",
            tone="danger",
            url=reverse("measures:detail", kwargs={"pk": row.pk}),
            url_label="Read the answers",
            icon="alert-triangle",
            order=5,
        )
