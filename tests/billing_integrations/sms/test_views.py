"""The pages of the clinic's account for texts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clinical.messages.models import Message
from connections.models import Connection, OutboxEntry
from tenants.scope import tenant_scope
from tests.billing_integrations.sms.fakes import connect_twilio

PAGE = "/settings/texts/account/"
COSTS = "/settings/texts/costs/"


@pytest.fixture
def owner(alpha, sign_in):
    return sign_in(alpha, "owner")


def _texts(clinic, **facts):
    with tenant_scope(clinic):
        first = Message.objects.count()
        Message.objects.bulk_create(
            Message(
                **{
                    "channel": "sms",
                    "address": "+61412345678",
                    "provider": "twilio",
                    "vendor_id": f"SM{first + index}",
                    "state": "delivered",
                    "sent_at": timezone.now(),
                    "segments": 2,
                    "cost_micros": 515,
                    "currency": "AUD",
                }
                | facts
            )
            for index in range(3)
        )


def test_without_an_account_the_page_leads_to_one(owner):
    page = owner.get(PAGE)

    assert page.status_code == 200
    assert b"No SMS account is connected" in page.content
    assert b"/settings/integrations/" in page.content
    assert owner.post(f"{PAGE}test/", {"number": "0412345678"}).status_code == 404


def test_a_person_texts_themselves_and_sees_how_it_fares(owner, alpha):
    connect_twilio(alpha)

    landline = owner.post(f"{PAGE}test/", {"number": "02 9876 5432"})
    taken = owner.post(f"{PAGE}test/", {"number": "0412 345 678"})

    assert landline.status_code == 422
    assert b"is a landline" in landline.content
    assert taken.status_code == 302
    with tenant_scope(alpha):
        entry = OutboxEntry.objects.get(kind="sms.test")
        assert entry.payload["to"] == "+61412345678"
        assert alpha.name in entry.payload["body"]
        OutboxEntry.objects.update(state="sent", sent_at=timezone.now(), answer={"state": "sent"})
    moving = owner.get(f"{PAGE}tests/")
    assert b"Sent to the network" in moving.content
    assert b"hx-get" in moving.content
    with tenant_scope(alpha):
        OutboxEntry.objects.update(answer={"state": "delivered"})
    ended = owner.get(f"{PAGE}tests/")
    assert b"Delivered" in ended.content
    assert b"hx-get" not in ended.content


def test_tests_are_not_a_way_to_text_without_end(owner, alpha):
    connect_twilio(alpha)

    answers = [
        owner.post(f"{PAGE}test/", {"number": "0412 345 678"}).status_code for _ in range(11)
    ]

    assert answers == [302] * 10 + [422]


def test_the_sender_is_changed_and_said_what_it_means(owner, alpha):
    connect_twilio(alpha)

    wrong = owner.post(f"{PAGE}sender/", {"sender": "Blue Bridge Physio"})
    right = owner.post(f"{PAGE}sender/", {"sender": "BlueBridge"})
    page = owner.get(PAGE)

    assert (wrong.status_code, right.status_code) == (422, 302)
    with tenant_scope(alpha):
        assert Connection.objects.get().options["sender"] == "BlueBridge"
    assert "ACMA’s" in page.content.decode() or b"ACMA" in page.content
    assert b"Nobody can answer a name" in page.content
    owner.post(f"{PAGE}replies/")
    with tenant_scope(alpha):
        assert not OutboxEntry.objects.filter(kind="sms.replies").exists()


def test_the_address_for_replies_is_shown_to_those_who_may_set_it(owner, alpha, sign_in):
    connect_twilio(alpha)

    answer = owner.post(f"{PAGE}replies/")

    assert answer.status_code == 302
    assert b"/hooks/twilio/" in owner.get(PAGE).content
    with tenant_scope(alpha):
        assert OutboxEntry.objects.get(kind="sms.replies").provider == "twilio"
    for role in ("reception", "clinician"):
        other = sign_in(alpha, role)
        assert other.get(PAGE).status_code == 403
        assert other.post(f"{PAGE}test/", {"number": "0412345678"}).status_code == 403
    with tenant_scope(alpha):
        assert not OutboxEntry.objects.filter(kind="sms.test").exists()


def test_a_month_is_added_up_by_kind(owner, alpha, beta, django_assert_max_num_queries):
    connect_twilio(alpha)
    _texts(alpha, written_by="Ann")
    _texts(alpha, state="failed", problem="Nobody has this number any more.", cost_micros=None)
    _texts(alpha, sent_at=timezone.now() - timedelta(days=70))
    _texts(beta)

    with django_assert_max_num_queries(40):
        page = owner.get(COSTS).content.decode()
    empty = owner.get(f"{COSTS}?month=2020-01")
    odd = owner.get(f"{COSTS}?month=never")

    month = owner.get(COSTS).context["month"]
    assert [(one.label, one.texts, one.segments) for one in month.lines] == [
        ("Sent by Nexus (thanks, notices)", 3, 6),
        ("Written by staff", 3, 6),
    ]
    assert (month.total.texts, month.total.unpriced, month.delivered_share) == (6, 3, 50)
    assert month.total.cost == pytest.approx(0.1545)
    assert "AUD 0.15" in page
    assert "Nobody has this number any more." in page
    assert b"No texts in this month" in empty.content
    assert odd.status_code == 200
