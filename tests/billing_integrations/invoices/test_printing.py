"""What is printed: PDFs that are accessible, with all that a tax invoice must say."""

from __future__ import annotations

from datetime import date

import pytest

from billing_integrations.invoices.debtors import Account, statement_of
from billing_integrations.invoices.payers import Payer
from billing_integrations.invoices.printing import (
    credit_note_paper,
    invoice_paper,
    receipt_paper,
    statement_paper,
)
from billing_integrations.invoices.services import (
    Charge,
    credit_invoice,
    draft_invoice,
    issue_invoice,
    record_payment,
)
from clinical.patients.models import PatientIdentifier

pytestmark = pytest.mark.django_db


def test_a_tax_invoice_to_a_plan_manager_says_all_it_must(desk):
    PatientIdentifier.objects.create(patient=desk.patient, kind="ndis", value="430 123 456")
    desk.details.account_number, desk.details.bsb = "12345678", "062-000"
    desk.details.save()
    charges = [
        Charge(
            "Physiotherapy *assessment*",
            19_399,
            150,
            "hour",
            code="15_055_0128_1_3",
            service_date=date(2026, 11, 12),
        ),
        Charge("Report for a third party", 11_000, gst_rule="taxable"),
    ]
    invoice = issue_invoice(
        draft_invoice(
            desk.patient,
            actor=desk.actor,
            payer=Payer("contact", desk.manager),
            charges=charges,
            funding_type=desk.funding("NDIS"),
        ),
        actor=desk.actor,
        on=desk.today,
    )

    paper = invoice_paper(invoice)
    said = str(paper.content)

    assert paper.pdf(desk.clinic).startswith(b"%PDF-")

    for words in (
        *("Tax invoice", "51 824 753 556", "INV-000001", "20 Nov 2026", "4 Dec 2026"),
        *("Lantern Plans", "Ada North", "NDIS number", "430 123 456", "12 Nov 2026"),
        *("15_055_0128_1_3", "1.5 hour", "$193.99", "$290.99", "$400.99", "*assessment*"),
        *("$10.00", "GST-free", "062-000", "12345678"),
    ):
        assert words in said, words


def test_drafts_credit_notes_receipts_and_statements_are_printed_too(desk):
    draft = desk.draft(12_000)
    invoice = desk.issued(12_000)
    payment = record_payment(invoice, 15_000, **desk.by_card)
    payment.refresh_from_db()
    note = credit_invoice(
        invoice,
        {invoice.lines.get().pk: 2_000},
        actor=desk.actor,
        reason="Shorter visit",
        on=desk.today,
    )
    account = Account("patient", patient=desk.patient)
    statement = statement_of(account, since=date(2026, 11, 1), until=date(2026, 11, 30))

    for paper in (
        invoice_paper(draft),
        credit_note_paper(note),
        receipt_paper(payment),
        statement_paper(statement, ("Ada North", "")),
    ):
        assert paper.pdf(desk.clinic).startswith(b"%PDF-")
    assert invoice_paper(draft).content["stamp"] == "DRAFT"
    assert statement.closing_cents == -5_000
    assert [line.words for line in statement.lines] == [
        "Invoice INV-000001, Ada North",
        "Payment, card, receipt R-000001",
        "Credit note CN-000001 to INV-000001",
    ]
