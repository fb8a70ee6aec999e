"""A clinic that texts: an SMS account that is connected, and a handler that keeps what it is given."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest


@pytest.fixture
def texting(in_alpha, monkeypatch):
    """Let the clinic have an SMS account; nothing is delivered unless a test does it."""
    from connections import outbox
    from connections.models import Connection
    from connections.providers import Provider, Trade, providers, register
    from tenants.scope import tenant_scope

    if not any(one.trade is Trade.SMS for one in providers()):
        register(Provider("twilio", "Twilio", Trade.SMS, "message", "Texts.", adapter=None))
    if "sms.message" not in outbox.kinds():
        outbox.delivers("sms.message", object(), repeats=False, label="Text")
    key = next(one.key for one in providers() if one.trade is Trade.SMS)
    with tenant_scope(in_alpha):
        Connection.objects.create(provider=key, state="live", account_name="Alpha texts")
    return in_alpha


@pytest.fixture
def ada(texting, patient):
    from tenants.scope import tenant_scope

    with tenant_scope(texting):
        return patient("Ada North", phone="0491 570 156", preferred_name="Ada")


@pytest.fixture
def rita(texting, person):
    from tenants.scope import tenant_scope

    with tenant_scope(texting):
        return person("reception", name="Rita Front")


@pytest.fixture
def place(in_alpha):
    from clinical.practice.models import Location
    from tenants.scope import tenant_scope

    with tenant_scope(in_alpha):
        return Location.objects.create(
            name="Harbour Street", address="4 Harbour Street\nMerrigum Bay",
            phone="(02) 5550 0110", time_zone="Australia/Sydney",
        )  # fmt: skip


@pytest.fixture
def rule(texting):
    """Make a rule that is on: `rule(amount=2, unit="days", channel="sms", …)`."""
    from django.utils import timezone

    from clinical.messages.models import MessageTemplate, ReminderRule

    def make(
        *,
        body="Hi {{first_name}}, {{day}} {{time}}.",
        channel="sms",
        fallback=None,
        **fields,
    ):
        number = MessageTemplate.objects.count()
        template = MessageTemplate.objects.create(
            name=f"Template {number}",
            channel=channel,
            subject="Your visit" if channel == "email" else "",
            body=body,
        )
        facts = {
            "is_on": True,
            "on_since": timezone.now() - timedelta(days=400),
            "notice_hours": 0,
        }
        return ReminderRule.objects.create(template=template, fallback=fallback, **(facts | fields))

    return make


@pytest.fixture
def reminded(rule, appointment):
    """Make a visit whose reminder was sent: `reminded(patient, starts_at)`."""
    from django.utils import timezone

    from clinical.messages.models import Message, Reminder

    def make(patient, starts_at, *, hours_ago=2, number="0491570156", **fields):
        visit = appointment(starts_at, patient=patient, **fields)
        sent_at = timezone.now() - timedelta(hours=hours_ago)
        reminder = Reminder.objects.create(
            patient=patient, appointment=visit, starts_at=visit.starts_at, channel="sms",
            state="sent", due_at=sent_at, sent_at=sent_at,
        )  # fmt: skip
        Message.objects.create(
            patient=patient, appointment=visit, reminder=reminder, normalised=number,
            address=f"+61{number[1:]}", body="See you", state="sent", sent_at=sent_at,
            provider="twilio", vendor_id=f"SM{reminder.pk}",
        )  # fmt: skip
        return reminder

    return make


@pytest.fixture
def make(patient, appointment, rule, place):
    """The makers by one name: `make.patient(…)`, `make.appointment(…)`, `make.rule(…)`, `make.place`."""
    return SimpleNamespace(patient=patient, appointment=appointment, rule=rule, place=place)
