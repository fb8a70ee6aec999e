"""The alarm over texts that do not arrive: raised once, told once, over when they arrive again."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone

from billing_integrations.sms import tasks, watching
from billing_integrations.sms.models import DeliveryAlarm
from clinical.messages.models import Message
from connections.models import Connection
from tenants.scope import tenant_scope
from tests.billing_integrations.sms.fakes import connect_twilio


@pytest.fixture(autouse=True)
def _mails(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def _send(clinic, states, *, minutes=120):
    """Write texts that were sent, the oldest first: D delivered, S sent, F failed."""
    names = {"D": "delivered", "S": "sent", "F": "failed"}
    start = timezone.now() - timedelta(minutes=minutes)
    with tenant_scope(clinic):
        first = Message.objects.count()
        Message.objects.bulk_create(
            Message(
                channel="sms",
                address="+61412345678",
                body="Hello",
                provider="twilio",
                vendor_id=f"SM{first + index}",
                state=names[state],
                sent_at=start + timedelta(minutes=index),
            )
            for index, state in enumerate(states)
        )


def _alarms(clinic):
    with tenant_scope(clinic):
        return [(one.kind, one.texts, one.ended_at is None) for one in DeliveryAlarm.objects.all()]


def test_owners_hear_once_that_nothing_is_delivered(alpha, beta, sign_in):
    client, of_beta = sign_in(alpha, "owner"), sign_in(beta, "owner")
    for clinic, sid in ((alpha, "AC" + "1" * 32), (beta, "AC" + "2" * 32)):
        connect_twilio(clinic, sid=sid)
    _send(alpha, "D" + "S" * 12)
    _send(beta, "D" * 13)

    for _ in range(2):
        tasks.watch(alpha)
        tasks.watch(beta)

    assert _alarms(alpha) == [("silent", 12, True)]
    assert _alarms(beta) == []
    [told] = mail.outbox
    assert told.to == [client.person.email]
    with timezone.override(ZoneInfo(alpha.time_zone)), tenant_scope(alpha):
        since = timezone.localtime(DeliveryAlarm.objects.get().since)
    assert f"since {since:%-H:%M}" in told.subject.replace(f"{since:%a %-d %b, }", "")
    page, other = client.get("/texts/alarm/"), of_beta.get("/texts/alarm/")
    assert b"No text has been delivered since" in page.content
    assert other.content.strip() == b""


def test_the_alarm_is_over_once_something_arrives(alpha):
    connect_twilio(alpha)
    _send(alpha, "S" * 10)
    tasks.watch(alpha)
    tasks.watch(alpha)
    assert _alarms(alpha) == [("silent", 10, True)]

    _send(alpha, "D", minutes=1)
    tasks.watch(alpha)

    assert _alarms(alpha) == [("silent", 10, False)]
    with tenant_scope(alpha):
        assert cache.get(watching.CACHE_KEY) is None


def test_too_many_refusals_and_an_account_without_credit_are_alarms_too(alpha):
    connection = connect_twilio(alpha)
    _send(alpha, "DFDFDFDFDFD")
    tasks.watch(alpha)
    suspended = "The clinic's Twilio account is suspended: look at it in the Twilio Console."
    with tenant_scope(alpha):
        Connection.objects.filter(pk=connection.pk).update(
            problem=suspended, problem_at=timezone.now()
        )
    tasks.watch(alpha)
    with tenant_scope(alpha):
        lasting = watching.words_of(watching.lasting_alarm())
        Connection.objects.filter(pk=connection.pk).update(problem="", problem_at=None)
    tasks.watch(alpha)

    assert lasting == watching.Words("Texts are waiting", suspended)
    # The refusals are still there.
    assert _alarms(alpha) == [("failing", 5, True), ("account", 0, False), ("failing", 5, False)]


def test_nobody_is_told_of_texts_where_none_are_sent(alpha):
    _send(alpha, "S" * 20)
    tasks.watch(alpha)

    assert _alarms(alpha) == []
    assert mail.outbox == []
