"""What the head of a record and the diary's drawer say of a patient's referral."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.permissions import Action, Resource, allows
from clinical.patients.header import Banner, Fact
from clinical.referrals.selectors import current_of, has_referrals, standing_of_visit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient
    from clinical.referrals.selectors import Standing


def head_of_the_record(_actor: User, patient: Patient, now: datetime) -> Iterator[Banner | Fact]:
    standing = current_of(patient, now=now)
    if standing is not None:
        yield _fact(standing, order=30)
        if standing.tone == "danger":
            yield _banner(standing, in_drawer=False)


def beside_the_visit(
    actor: User, appointment: Appointment, now: datetime
) -> Iterator[Banner | Fact]:
    standing, is_decided = standing_of_visit(appointment, now=now)
    url = ""
    if allows(actor, Action.CHANGE, Resource.APPOINTMENTS):
        url = reverse("referrals:count_visit", kwargs={"pk": appointment.pk})
    if standing is not None:
        yield replace(_fact(standing, order=10), url=url)
        if standing.tone == "danger":
            yield _banner(standing, in_drawer=True)
    elif is_decided:
        yield Fact("Referral", "counts to none", url=url, order=10)
    elif appointment.patient is not None and has_referrals(appointment.patient):
        yield Fact("Referral", "none covers this visit", tone="warning", url=url, order=10)


def _fact(standing: Standing, *, order: int) -> Fact:
    limited = standing.left is not None
    return Fact(
        "Sessions" if limited else "Referral",
        standing.sessions_words if limited else standing.referral.get_kind_display(),
        note=standing.end_words,
        tone=standing.tone,
        url=reverse("referrals:detail", kwargs={"pk": standing.referral.pk}),
        order=order,
    )


def _banner(standing: Standing, *, in_drawer: bool) -> Banner:
    title = "The referral has ended" if standing.is_over else "No sessions left on the referral"
    return Banner(
        title,
        f"{standing.referral.get_kind_display()}: {standing.sessions_words}, {standing.end_words}.",
        tone="danger",
        url=reverse("referrals:detail", kwargs={"pk": standing.referral.pk}),
        icon="file-import",
        order=30,
        quiet=True,
        in_drawer=in_drawer,
    )
