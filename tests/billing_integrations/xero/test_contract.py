"""Every request of ours against Xero's own OpenAPI file, and its answers against Xero's own library."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import httpx2
import pytest

from billing_integrations.xero import chart, payloads, wire
from billing_integrations.xero.client import XeroClient
from ports.accounting import Debtor, Receipt, Sale, SalesLine, Tag
from tests.peers.prism import prism
from tests.peers.proxy import proxy
from tests.peers.xero import API


@pytest.fixture(scope="module")
def validated(peer):
    """Ours → a proxy that keeps what is said → Prism → xero-local with its gaps filled."""
    with prism("xero_accounting.acyclic.json", peer.url + API) as url, proxy(url) as running:
        yield running


def test_no_request_violates_xeros_contract_and_xeros_library_reads_every_answer(peer, validated):
    organisation = peer.add_organisation("Contract")
    with httpx2.Client(timeout=60, trust_env=False) as http:
        client = XeroClient(http, base_url=validated.url, token="t", organisation=organisation)
        _name, read = chart.read(client)
        contact = client.put_contact(payloads.contact(Debtor("p1", "Ann", "a@x.example")), key="1")
        assert client.contact_by_number("p1")["ContactID"] == contact["ContactID"]
        assert client.contacts([contact["ContactID"]])[0]["Name"] == "Ann"
        line = SalesLine("Visit", Decimal("1.5"), 8000, 12000, "200", "EXEMPTOUTPUT",
                         (Tag("Location", "North"),))  # fmt: skip
        sale = Sale(
            "C-1", contact["ContactID"], date(2026, 11, 20), date(2026, 12, 4), (line,), "R"
        )
        invoice = client.create_invoice(payloads.invoice(sale), key="2")
        invoice_id = invoice["InvoiceID"]
        receipt = Receipt(invoice_id, "090", date(2026, 11, 20), 2000, "NX-1")
        payment = client.create_payment(payloads.payment(receipt), key="3")
        assert client.payment_by_reference("NX-1")["PaymentID"] == payment["PaymentID"]
        note = client.create_credit_note(payloads.credit_note(sale), key="4")
        set_against = payloads.allocation(invoice_id, 3000, "2026-11-21")
        client.allocate(note["CreditNoteID"], set_against, key="5")
        since = datetime(2026, 1, 1, tzinfo=UTC)
        assert len(list(client.invoices_since(since))) == 1
        assert len(list(client.payments_since(since))) == 1
        assert len(client.invoices_by_number(["C-1", "C-2"])) == 1
        assert len(client.invoices([invoice_id])) == 1
        list(client.sales_from(date(2026, 1, 1)))
        client.credit_note_by_number("C-1")
        client.delete_payment(payment["PaymentID"], key="6")
        assert client.invoice(invoice_id)["AmountDue"] == 90
        client.change_invoice(invoice_id, {"Status": "VOIDED"}, key="7")

    assert validated.violations == []
    assert [code for code, _ in chart.Chart(read).payment_accounts()] == ["090", "091", "850"]
    _judge([wire.read(answered.body) for _, answered in validated.seen])


def _judge(answers: list[dict]) -> None:
    """Read the answers that we recorded with the models of xero-python."""
    from xero_python.accounting import models
    from xero_python.api_client import ModelFinder
    from xero_python.api_client.deserializer import deserialize

    finder, read = ModelFinder(models), 0
    for content in answers:
        # xero-local writes the dates of credit notes as nobody else does.
        for noun in ("Invoices", "Contacts", "Payments", "Accounts", "TaxRates"):
            if noun not in content:
                continue
            found = deserialize(noun, content, finder)
            rows = getattr(found, "tax_rates" if noun == "TaxRates" else noun.lower())
            assert len(rows) == len(content[noun])
            read += len(rows)
    assert read > 20
