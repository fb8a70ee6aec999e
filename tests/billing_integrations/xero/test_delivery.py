"""Invoices, credit and payments on their way to Xero: each there once, whatever happens."""

from __future__ import annotations

import pytest
from django.utils import timezone

from billing_integrations.invoices import services
from billing_integrations.invoices.models import Invoice
from billing_integrations.xero import polling
from billing_integrations.xero.models import XeroLink
from connections import relay
from connections.models import Connection, OutboxEntry
from tenants.scope import tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


def _deliver(clinic) -> None:
    with tenant_scope(clinic):
        OutboxEntry.objects.filter(state="waiting").update(not_before=timezone.now())
        Connection.objects.update(paused_until=None)
    relay.deliver_due(clinic)


def test_an_invoice_and_its_payment_reach_xero_and_a_payment_there_comes_back(
    alpha, connect, issue, peer, front
):
    organisation = connect(alpha)
    with tenant_scope(alpha):
        invoice = issue(12000, 4550)
        services.record_payment(invoice, 10000, on=timezone.localdate(), method="card")

    _deliver(alpha)

    [there] = peer.everything(organisation, "Invoices")
    assert (there["Total"], there["AmountDue"]) == (165.5, 65.5)
    assert [line["Description"] for line in there["LineItems"]] == ["Standard visit"] * 2
    [paid] = peer.everything(organisation, "Payments")
    assert (paid["Amount"], paid["Account"]["Code"]) == (100.0, "091")

    peer.pay(organisation, there["InvoiceID"], 65.5, "2026-11-20")
    told = polling.poll(alpha)

    assert told.recorded == 1
    with tenant_scope(alpha):
        assert Invoice.objects.get().state == Invoice.State.PAID
        states = XeroLink.objects.order_by("kind").values_list("kind", "state")
        assert sorted(states) == [
            ("contact", "linked"), ("invoice", "linked"), ("payment", "linked"),
            ("payment", "linked"),
        ]  # fmt: skip
    assert polling.poll(alpha).recorded == 0
