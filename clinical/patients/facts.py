"""What patients' own app says at the head of a record: visits, balance, who coordinates, the cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from accounts.permissions import may
from clinical.patients.header import Banner, Fact
from clinical.patients.identifiers import explain_identifier
from clinical.patients.summaries import summary_of
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from accounts.models import User
    from clinical.patients.models import Patient


def summary(actor: User, patient: Patient, now: datetime) -> Iterator[Fact]:
    """Say when the next and the last visit are, and to whom may see it what is still to be paid."""
    found = summary_of(patient.pk)
    if found is None:
        return
    url = reverse("patients:appointments", kwargs={"pk": patient.pk})
    coming, last = found.next_visit_at, found.last_visit_at
    if coming is not None and coming >= now:
        who = found.next_practitioner
        yield Fact("Next visit", _moment(coming), note=str(who or ""), url=url, order=10)
    else:
        yield Fact("Next visit", "none booked", url=url, order=10)
    if last is not None:
        who = found.last_practitioner
        day = _day(timezone.localdate(last))
        yield Fact("Last visit", day, note=str(who or ""), url=url, order=12)
    if may(actor, "invoices.view"):
        yield _balance(found.balance_cents)


def _balance(cents: int) -> Fact:
    if cents > 0:
        return Fact("Owes", money(cents), tone="warning", order=15, in_drawer=True)
    if cents < 0:
        return Fact("In credit", money(-cents), tone="success", order=15, in_drawer=True)
    return Fact("Balance", money(0), order=15, in_drawer=True)


def care(_actor: User, patient: Patient, _now: datetime) -> Iterator[Fact]:
    """Say who pays and who coordinates."""
    if patient.funding_type is not None:
        yield Fact("Funding", str(patient.funding_type), order=20)
    if patient.coordinator_name:
        since = patient.coordinator_since
        note = f"since {_day(since)}" if since else ""
        yield Fact("Support coordinator", patient.coordinator_name, note=note, order=40)


def cards(_actor: User, patient: Patient, now: datetime) -> Iterator[Banner]:
    """Say which cards have run out, and which numbers cannot be right."""
    today = timezone.localdate(now)
    url = reverse("patients:edit", kwargs={"pk": patient.pk})
    for card in patient.identifiers.all():
        name = card.label or card.get_kind_display()
        wrong = explain_identifier(card.kind, card.value) if card.is_valid is False else ""
        if wrong:
            yield Banner(
                f"Check the {name} number", wrong, icon="id", url=url, url_label="Edit",
                order=34, quiet=True, in_drawer=False,
            )  # fmt: skip
        if card.expires_on is not None and card.expires_on < today:
            text = f"Valid to {_day(card.expires_on)}. Ask for the new one."
            yield Banner(
                f"{name} card run out", text, icon="id", url=url, url_label="Edit",
                order=35, quiet=True, in_drawer=False,
            )  # fmt: skip


def _moment(moment: datetime) -> str:
    local = timezone.localtime(moment)
    return f"{local:%a} {_day(local.date())}, {local:%-I:%M}{local:%p}".replace(
        "AM", " am"
    ).replace("PM", " pm")


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
