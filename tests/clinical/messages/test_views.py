"""Reminders and messages as one conversation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from clinical.messages.models import Message, Reminder
from clinical.messages.selectors import conversation_of
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

NOON = datetime(2026, 3, 10, 1, tzinfo=UTC)


def test_both_kinds_stand_in_one_order(in_alpha, person, patient):
    ada = patient()
    Reminder.objects.create(patient=ada, channel="sms", sent_at=NOON, state="sent", body="Tomorrow")
    Message.objects.create(
        patient=ada, direction="in", sent_at=NOON + timedelta(hours=1), state="received", body="Yes"
    )
    Message.objects.create(
        patient=ada, sent_at=NOON + timedelta(hours=2), state="failed", body="Thanks"
    )

    turns = conversation_of(person("reception"), ada).turns

    assert [(turn.what, turn.is_incoming, turn.pill[0], turn.row.body) for turn in turns] == [
        ("SMS", False, "Not delivered", "Thanks"),
        ("SMS", True, "Received", "Yes"),
        ("Reminder by SMS", False, "Sent", "Tomorrow"),
    ]


def test_the_conversation_comes_in_pages(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient()
        for number in range(60):
            Message.objects.create(
                patient=ada, sent_at=NOON + timedelta(minutes=number), body=f"Text {number:02}"
            )
    reception = sign_in(alpha, "reception")

    first = reception.get(f"/patients/{ada.pk}/messages/")
    older = reception.get(first.context["older_url"])

    assert "Text 59" in first.text
    assert "Text 09" not in first.text
    assert "Text 09" in older.text


def test_billing_sees_no_messages(alpha, sign_in, patient):
    with tenant_scope(alpha):
        ada = patient()

    assert sign_in(alpha, "billing").get(f"/patients/{ada.pk}/messages/").status_code == 403
