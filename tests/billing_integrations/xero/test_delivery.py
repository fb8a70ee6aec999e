"""Invoices, credit and payments on their way to Xero: each there once, whatever happens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from billing_integrations.invoices import services
from billing_integrations.invoices.models import Invoice
from billing_integrations.xero import polling, queue
from billing_integrations.xero import services as xero
from billing_integrations.xero.models import XeroLink, XeroSettings
from connections import relay
from connections.models import Connection, OutboxEntry
from connections.outbox import kind_of
from connections.services import ConnectError
from connections.tokens import open_connection
from tenants.scope import tenant_scope
from tests.billing_integrations.xero.conftest import connected, deliver
from tests.peers.proxy import Answered, Fault

pytestmark = pytest.mark.usefixtures("committed")

SLOW_DOWN = Answered(429, {"retry-after": "7", "x-rate-limit-problem": "minute"})
FAULTS = {
    "500 after accepting": Fault(Answered(500), passes_on=True),
    "cut reply": Fault(cuts=True),
}
RARE = {
    "429": Fault(SLOW_DOWN),
    "503": Fault(Answered(503)),
    "not JSON": Fault(Answered(200, {}, b"<html>"), passes_on=True),
}


def _writes(noun: str):
    return lambda asked: asked.method != "GET" and asked.path.endswith(noun)


def _deliver_all(clinic) -> None:
    for _ in range(6):
        deliver(clinic)
        with tenant_scope(clinic):
            if not OutboxEntry.objects.filter(state="waiting").exists():
                return


def test_an_invoice_and_its_payment_reach_xero_and_a_payment_there_comes_back(
    alpha, connect, issue, peer, front
):
    organisation = connect(alpha)
    with tenant_scope(alpha):
        invoice = issue(12000, 4550)
        services.record_payment(invoice, 10000, on=timezone.localdate(), method="card")

    deliver(alpha)

    [there] = peer.everything(organisation, "Invoices")
    assert (there["Total"], there["AmountDue"]) == (165.5, 65.5)
    assert [line["Description"] for line in there["LineItems"]] == ["Standard visit"] * 2
    [paid] = peer.everything(organisation, "Payments")
    assert (paid["Amount"], paid["Account"]["Code"]) == (100.0, "091")
    assert b"knee" not in b"".join(asked.body for asked, _ in front.seen)

    ours = paid["PaymentID"]
    theirs = peer.pay(organisation, there["InvoiceID"], 65.5, "2026-11-20")
    assert polling.poll(alpha).recorded == 1
    assert polling.poll(alpha).recorded == 0
    with tenant_scope(alpha):
        assert Invoice.objects.get().state == Invoice.State.PAID
        states = XeroLink.objects.values_list("kind", "state", "is_from_xero")
        assert sorted(states) == [
            ("contact", "linked", False), ("invoice", "linked", False),
            ("payment", "linked", False), ("payment", "linked", True),
        ]  # fmt: skip

    peer.remove_payment(organisation, theirs)
    peer.remove_payment(organisation, ours)
    assert polling.poll(alpha).taken_back == 1
    with tenant_scope(alpha):
        assert Invoice.objects.get().paid_cents == 10000  # what people here entered stays
        odd = XeroLink.objects.get(state="odd")
        assert (odd.xero_id, "removed in Xero" in odd.problem) == (ours, True)


def test_whatever_goes_wrong_on_the_way_everything_is_there_once(
    alpha, connect, issue, peer, front
):
    organisation = connect(alpha)
    sent = 0
    for noun in ("/Invoices", "/Payments", "/Contacts"):
        for fault in (FAULTS | RARE if noun == "/Invoices" else FAULTS).values():
            front.fail(fault, when=_writes(noun))
            with tenant_scope(alpha):
                Connection.objects.update(problem_at=None)
                invoice = issue(9900, given_names=f"Ann {sent}")
                services.record_payment(invoice, 9900, on=timezone.localdate(), method="cash")
            sent += 1
            _deliver_all(alpha)

    with tenant_scope(alpha):
        late = OutboxEntry.objects.exclude(state="sent")
        assert list(late.values_list("kind", "state", "attempts", "problem")) == []
    for what in ("Contacts", "Invoices", "Payments"):
        assert len(peer.everything(organisation, what)) == sent
    with tenant_scope(alpha):
        assert not XeroLink.objects.exclude(state="linked").exists()


def test_a_worker_that_dies_after_xero_has_answered_sends_nothing_twice(
    alpha, connect, issue, peer
):
    organisation = connect(alpha)
    with tenant_scope(alpha):
        invoice = issue()
        services.record_payment(invoice, 5000, on=timezone.localdate(), method="cash")
    for _ in range(2):  # the invoice, then its payment
        opened = open_connection(alpha, "xero")
        with tenant_scope(alpha):
            entry = relay.due_entries(timezone.now()).get()
            handler = kind_of(entry).handler
            prepared = handler.prepare(entry)
            long_ago = timezone.now() - timedelta(hours=1)
            OutboxEntry.objects.filter(pk=entry.pk).update(
                state="sending", attempts=1, claimed_at=long_ago, created_at=long_ago
            )
        handler.send(entry, prepared, opened)

        assert relay.recover_lost(alpha) == 1
        deliver(alpha, once=entry.pk)

    assert len(peer.everything(organisation, "Invoices")) == 1
    assert len(peer.everything(organisation, "Payments")) == 1
    with tenant_scope(alpha):
        assert set(OutboxEntry.objects.values_list("state", flat=True)) == {"sent"}


def test_a_token_that_xero_refuses_is_renewed_and_an_ended_access_waits_for_people(
    alpha, connect, issue, peer, front
):
    organisation = connect(alpha)
    front.fail(Fault(Answered(401)), when=lambda asked: asked.path.endswith("/Contacts"))
    with tenant_scope(alpha):
        issue(given_names="Ann")
    deliver(alpha)
    with tenant_scope(alpha):
        assert Connection.objects.get(state="live").problem == ""
    assert len(peer.everything(organisation, "Invoices")) == 1

    front.fail(Fault(Answered(403)), when=lambda asked: asked.path.endswith("/Contacts"))
    with tenant_scope(alpha):
        issue(given_names="Bob")
    deliver(alpha)
    with tenant_scope(alpha):
        broken = Connection.objects.get(state="broken")
        assert "Connect Xero again" in broken.problem
        issue(given_names="Cat")  # goes on waiting with the other
        Connection.objects.update(state="live", problem="")
    deliver(alpha)
    assert len(peer.everything(organisation, "Invoices")) == 3


def test_what_xero_refuses_stands_in_its_words_until_somebody_tries_again(
    alpha, connect, issue, peer, sign_in
):
    organisation = connect(alpha)
    words = "The document date cannot be before the period lock date"
    billing = sign_in(alpha, "billing").person
    with tenant_scope(alpha):
        peer.refusals["INV-000001"] = words
        invoice = issue()
        services.record_payment(invoice, 5000, on=timezone.localdate(), method="cash")
        assert invoice.number == "INV-000001"

    deliver(alpha)

    with tenant_scope(alpha):
        link = XeroLink.objects.get(kind="invoice")
        assert (link.state, link.problem) == ("refused", words)
        assert OutboxEntry.objects.get(kind="xero.payment").state == "waiting"
        del peer.refusals["INV-000001"]
        assert xero.send_again(invoice, actor=billing) == 1
    deliver(alpha)
    with tenant_scope(alpha):
        assert XeroLink.objects.get(kind="invoice").state == "linked"
    assert [row["Amount"] for row in peer.everything(organisation, "Payments")] == [50.0]


def test_credit_write_offs_and_voids_follow(alpha, connect, issue, peer):
    organisation = connect(alpha)
    today = timezone.localdate()
    with tenant_scope(alpha):
        credited, void, unwanted = issue(10000), issue(2000), issue(3000)
        services.credit_invoice(
            credited, {credited.lines.get().pk: 4000}, actor=None, reason="Short visit", on=today
        )
        services.write_off(credited, actor=None, reason="Moved away", on=today, cents=1000)
        services.void_invoice(unwanted, actor=None, reason="Not meant", on=today)
    deliver(alpha)
    with tenant_scope(alpha):
        services.void_invoice(void, actor=None, reason="Twice", on=today)
    deliver(alpha)

    rows = {row["Total"]: row for row in peer.everything(organisation, "Invoices")}
    assert sorted(rows) == [20.0, 100.0]
    assert rows[20.0]["Status"] == "VOIDED"
    assert (rows[100.0]["AmountCredited"], rows[100.0]["AmountDue"]) == (50.0, 50.0)
    notes = peer.everything(organisation, "CreditNotes")
    assert sorted(note["LineItems"][0]["LineAmount"] for note in notes) == [10.0, 40.0]
    with tenant_scope(alpha):
        assert OutboxEntry.objects.exclude(state__in=["sent", "cancelled"]).count() == 0


def test_two_clinics_with_two_organisations_never_meet(alpha, beta, connect, issue, peer):
    first, second = connect(alpha, "Northside"), connect(beta, "Southside")
    for clinic, name in ((alpha, "Ann"), (beta, "Bob")):
        with tenant_scope(clinic):
            issue(given_names=name)
        deliver(clinic)

    for organisation, name in ((first, "Ann Archer"), (second, "Bob Archer")):
        assert [row["Name"] for row in peer.everything(organisation, "Contacts")] == [name]
        assert len(peer.everything(organisation, "Invoices")) == 1
    with tenant_scope(beta):
        Connection.objects.update(state="off", sealed="")
    with pytest.raises(ConnectError, match="another clinic"):
        connected(peer, beta, "Northside", organisation=first)


def test_after_a_break_what_is_missing_is_sent_and_older_invoices_are_not(
    alpha, connect, issue, peer
):
    organisation = connect(alpha)
    today = timezone.localdate()
    with tenant_scope(alpha):
        XeroSettings.objects.update(go_live=today)
        Connection.objects.update(state="pending")
        issue(1000, given_names="Old", on=today - timedelta(days=1))
        missed = issue(5000)
        services.record_payment(missed, 2000, on=today, method="cash")
        assert not OutboxEntry.objects.exists()
    with tenant_scope(alpha):
        Connection.objects.update(state="live")

    with tenant_scope(alpha):
        assert queue.catch_up() == 1
        assert queue.catch_up() == 0
    deliver(alpha)

    assert [row["AmountDue"] for row in peer.everything(organisation, "Invoices")] == [30.0]

    with tenant_scope(alpha):
        Connection.objects.update(state="pending")
        services.record_payment(missed, 1000, on=today, method="card")
        Connection.objects.update(state="live")
        queue.catch_up()
        queue.catch_up()
    deliver(alpha)
    assert [row["AmountDue"] for row in peer.everything(organisation, "Invoices")] == [20.0]
