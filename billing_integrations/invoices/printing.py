"""Invoices, credit notes, receipts and statements as PDF, on the clinic's letterhead."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format

from billing_integrations.invoices.models import GstRule, Invoice, Unit
from billing_integrations.invoices.money import quantity
from billing_integrations.invoices.payers import participant_of, payer_facts
from billing_integrations.invoices.services.issuing import issuer_facts
from billing_integrations.invoices.services.numbering import billing_details
from ui.pdf import render_pdf
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from billing_integrations.invoices.debtors import Statement
    from billing_integrations.invoices.models import CreditNote, InvoiceLine, Payment
    from tenants.models import Tenant

FOLDER = Path(__file__).parent / "pdf"
_STAMPS = {Invoice.State.DRAFT: "DRAFT", Invoice.State.VOID: "VOID"}


def _day(day: date | None) -> str:
    return date_format(day, "j M Y") if day else ""


def written_abn(abn: str) -> str:
    """Write an ABN as the register does: 51 824 753 556."""
    return " ".join(filter(None, (abn[:2], abn[2:5], abn[5:8], abn[8:])))


@dataclass(frozen=True)
class Paper:
    """What will be printed, but for the letterhead; it is read in a scope and rendered outside of any."""

    template: str
    content: dict[str, Any]

    def pdf(self, clinic: Tenant) -> bytes:
        """Raises PdfError."""
        legal_name = self.content["legal_name"] or clinic.name
        head = {"practice": clinic.name, "accent": clinic.accent, "legal_name": legal_name}
        return render_pdf(FOLDER / self.template, {**self.content, **head})


def _paper(
    issuer: dict[str, Any], *, title: str, stamp: str = "", reference: str = ""
) -> dict[str, Any]:
    return {
        "title": title,
        "stamp": stamp,
        "legal_name": issuer.get("legal_name", ""),
        "abn": written_abn(issuer.get("abn", "")),
        "address": [
            line.strip() for line in issuer.get("address", "").splitlines() if line.strip()
        ],
        "phone": issuer.get("phone", ""),
        "email": issuer.get("email", ""),
        "account_name": issuer.get("account_name", ""),
        "bsb": issuer.get("bsb", ""),
        "account_number": issuer.get("account_number", ""),
        "pay_reference": reference,
        "footer_text": issuer.get("footer_text", ""),
    }


def invoice_paper(invoice: Invoice) -> Paper:
    """Answer the invoice: as it was issued, or a draft that says so on every page."""
    lines = list(invoice.lines.select_related("practitioner"))
    if invoice.is_draft:
        issuer = issuer_facts(billing_details())
        payer = payer_facts(invoice)
        label, number = participant_of(invoice, lines)
        person = invoice.patient.full_name
    else:
        issuer = invoice.issuer
        payer = (invoice.payer_name, invoice.payer_address, invoice.payer_email)
        label, number = issuer.get("participant_label", ""), invoice.participant_number
        person = invoice.participant_name
    # A tax invoice says so only where the supplier is registered for GST (GST Act s 29-70).
    title = "Tax invoice" if issuer.get("is_gst_registered", True) else "Invoice"
    facts = [
        ("Number", invoice.number or "Draft"),
        ("Date", _day(invoice.issued_on)),
        ("Due", _day(invoice.due_on)),
        ("Your reference", invoice.reference),
    ]
    settled = [
        ("Paid", invoice.paid_cents),
        ("Credited", invoice.credited_cents),
        ("Written off", invoice.written_off_cents),
    ]
    sums = [
        ("Total", money(invoice.total_cents), True),
        ("GST in the total", money(invoice.gst_cents), False),
        *((words, money(-cents), False) for words, cents in settled if cents),
    ]
    if not invoice.is_draft and invoice.state != Invoice.State.VOID:
        sums.append(("To pay", money(invoice.open_cents), True))
    stamp = _STAMPS.get(Invoice.State(invoice.state), "")
    data = {
        **_paper(issuer, title=title, stamp=stamp, reference=invoice.number),
        "whom_label": "Bill to",
        "payer_name": payer[0].splitlines(),
        "payer_address": payer[1].splitlines(),
        "facts": [fact for fact in facts if fact[1]],
        "person": [fact for fact in (("For", person), (label, number)) if fact[1]],
        "head": ["Date", "Service", "Quantity", "Price", "GST", "Amount"],
        "rows": [_row(line) for line in lines],
        "sums": sums,
        "gst_note": _gst_note(lines),
        "note": invoice.note,
        "rebates": _rebates(lines),
    }
    return Paper("invoice.typ", data)


def _row(line: InvoiceLine) -> dict[str, str]:
    unit = "" if line.unit == Unit.EACH else f" {Unit(line.unit).label}"
    who = line.practitioner.name if line.practitioner else ""
    return {
        "date": _day(line.service_date),
        "what": line.description,
        "more": " · ".join(filter(None, [line.code, who])),
        "quantity": f"{quantity(line.quantity_hundredths)}{unit}",
        "unit": money(line.unit_cents),
        "gst": money(line.gst_cents)
        if line.gst_rule == GstRule.TAXABLE
        else "free"
        if line.gst_rule == GstRule.FREE
        else "–",
        "total": money(line.total_cents),
    }


def _gst_note(lines: Sequence[InvoiceLine]) -> str:
    rules = {line.gst_rule for line in lines}
    if rules == {GstRule.FREE}:
        return "All services on this invoice are GST-free."
    if rules == {GstRule.TAXABLE}:
        return "All prices include 10% GST."
    if GstRule.TAXABLE in rules:
        return "Prices include 10% GST where GST is shown; services marked “free” are GST-free."
    return ""


def _rebates(lines: Sequence[InvoiceLine]) -> list[str]:
    return [
        f"Medicare item {line.code}: a rebate of {money(line.rebate_cents)} may be claimed."
        for line in lines
        if line.rebate_cents
    ]


def credit_note_paper(note: CreditNote) -> Paper:
    invoice = note.invoice
    lines = list(note.lines.all())
    data = {
        **_paper(invoice.issuer, title="Credit note"),
        "account_number": "",
        "whom_label": "Credited to",
        "payer_name": invoice.payer_name.splitlines(),
        "payer_address": invoice.payer_address.splitlines(),
        "facts": [
            ("Number", note.number),
            ("Date", _day(note.issued_on)),
            ("To invoice", invoice.number),
        ],
        "person": [("For", invoice.participant_name), ("Reason", note.reason)],
        "head": ["", "Service", "", "", "GST", "Credit"],
        "rows": [
            {
                "date": "",
                "what": line.description,
                "more": "",
                "quantity": "",
                "unit": "",
                "gst": money(line.gst_cents) if line.gst_cents else "free",
                "total": money(line.total_cents),
            }
            for line in lines
        ],
        "sums": [
            ("Total credited", money(note.total_cents), True),
            ("GST in the total", money(note.gst_cents), False),
        ],
        "gst_note": "",
        "note": "",
        "rebates": [],
    }
    return Paper("invoice.typ", data)


def receipt_paper(payment: Payment) -> Paper:
    shares = payment.allocations.filter(undone_at=None).select_related("invoice__patient")
    payer = payment.contact or payment.patient or payment.get_payer_kind_display()
    facts = [
        ("Number", payment.number),
        ("Date", _day(payment.paid_on)),
        ("Paid by", payment.get_method_display()),
        ("Reference", payment.reference),
    ]
    rest = [("Credit on the account", money(payment.left_cents), False)]
    data = {
        **_paper(
            issuer_facts(billing_details()),
            title="Receipt",
            stamp="VOID" if payment.is_void else "",
        ),
        "payer_name": [str(payer)],
        "facts": [fact for fact in facts if fact[1]],
        "rows": [
            (one.invoice.number, one.invoice.participant_name, money(one.cents)) for one in shares
        ],
        "sums": [
            ("Received", money(payment.cents), True),
            *(rest if payment.left_cents and not payment.is_void else []),
        ],
    }
    return Paper("receipt.typ", data)


def statement_paper(statement: Statement, whom: tuple[str, str]) -> Paper:
    """Answer a statement; `whom` is the payer's name and address."""
    rows = [(_day(statement.since), "Brought forward", "", money(statement.opening_cents))]
    rows += [
        (_day(line.on), line.words, money(line.cents), money(line.balance_cents))
        for line in statement.lines
    ]
    data = {
        **_paper(issuer_facts(billing_details()), title="Statement"),
        "payer_name": whom[0].splitlines(),
        "payer_address": whom[1].splitlines(),
        "facts": [("From", _day(statement.since)), ("To", _day(statement.until))],
        "rows": rows,
        "open": [
            (one.number, one.participant_name, _day(one.due_on), money(one.open_cents))
            for one in statement.open_invoices
        ],
        "sums": [("Balance", money(statement.closing_cents), True)],
    }
    return Paper("statement.typ", data)


def file_name(kind: str, number: str) -> str:
    """Name a file after its number: no person's name stands in it."""
    return f"{kind}-{number}.pdf" if number else f"{kind}.pdf"
