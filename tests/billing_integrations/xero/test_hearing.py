"""Webhooks of Xero: signed, for one organisation each, in any order and as often as they come."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.test import Client

from billing_integrations.invoices.models import Invoice
from connections import inbox
from connections.models import InboxEvent, OutboxEntry
from tenants.scope import tenant_scope
from tests.billing_integrations.xero.conftest import deliver
from tests.peers.xero import signed

pytestmark = pytest.mark.usefixtures("committed")

KEY = "webhook-key"


@pytest.fixture(autouse=True)
def _key(settings):
    settings.XERO_WEBHOOK_KEY = KEY


def _event(organisation: str, invoice_id: str, at: str, kind: str = "UPDATE") -> dict[str, str]:
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{invoice_id}",
        "resourceId": invoice_id,
        "tenantId": organisation,
        "tenantType": "ORGANISATION",
        "eventCategory": "INVOICE",
        "eventType": kind,
        "eventDateUtc": at,
    }


def _send(*events, key: str = KEY):
    content = {"events": events, "firstEventSequence": 0, "lastEventSequence": 0, "entropy": "X"}
    body = json.dumps(content).encode()
    return Client(headers={"host": "localhost"}).post(
        "/hooks/xero/", body, content_type="application/json", headers=signed(body, key)
    )


def test_an_intent_to_receive_is_answered_by_its_signature_alone(alpha, settings):
    answers = [_send(), _send(key="guessed")]

    assert [(a.status_code, a.content, a.cookies.output()) for a in answers] == [
        (200, b"", ""),
        (401, b"", ""),
    ]
    settings.XERO_WEBHOOK_KEY = ""
    assert _send(key="").status_code == 401


def test_a_payment_told_twice_and_late_is_recorded_once_in_its_own_clinic(
    alpha, beta, connect, issue, peer
):
    first, second = connect(alpha, "Northside"), connect(beta, "Southside")
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            issue(8000)
        deliver(clinic)
    [there] = peer.everything(first, "Invoices")
    peer.pay(first, there["InvoiceID"], 30.0, "2026-11-20")
    paid_later = _event(first, there["InvoiceID"], "2026-11-20T03:00:00.000")
    paid = _event(first, there["InvoiceID"], "2026-11-20T02:00:00.000")

    for events in ([paid_later, paid], [paid], [_event(str(uuid4()), there["InvoiceID"], "x")]):
        assert _send(*events).status_code == 200
    # Somebody else's organisation does not reach this one's invoice.
    assert _send(_event(second, there["InvoiceID"], "2026-11-20T04:00:00.000")).status_code == 200
    for clinic in (alpha, beta):
        inbox.handle_due(clinic)
        deliver(clinic)

    with tenant_scope(alpha):
        assert InboxEvent.objects.count() == 2
        assert Invoice.objects.get().paid_cents == 3000
        assert set(OutboxEntry.objects.values_list("state", flat=True)) == {"sent"}
    with tenant_scope(beta):
        assert InboxEvent.objects.count() == 1
        assert Invoice.objects.get().paid_cents == 0
        assert not OutboxEntry.objects.filter(kind="xero.pull").exists()
