"""Who owes how much since when; what came in on a day; a payer's account line by line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q, Sum

from billing_integrations.invoices.models import (
    CreditNote,
    Invoice,
    LedgerEntry,
    PayerKind,
    Payment,
    Posting,
    Refund,
)
from billing_integrations.invoices.rules import visible_bills, visible_payments
from clinical.contacts.models import Contact
from clinical.patients.models import Patient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from accounts.models import User

AGES = ("Not due yet", "0\N{EN DASH}30 days", "31\N{EN DASH}60", "61\N{EN DASH}90", "Over 90")
"""Days past the day it was due."""
_BOUNDS = (30, 60, 90)
_OWED = (Posting.Account.RECEIVABLE, Posting.Account.CREDIT)


@dataclass(frozen=True)
class Account:
    """Whose account: the patient's own, a contact's, or a scheme's."""

    kind: str
    patient: Patient | None = None
    contact: Contact | None = None

    @property
    def name(self) -> str:
        return str(self.contact or self.patient or PayerKind(self.kind).label)

    @property
    def condition(self) -> dict[str, Any]:
        if self.kind == PayerKind.PATIENT:
            return {"payer_kind": self.kind, "patient": self.patient}
        return {"payer_kind": self.kind, "contact": self.contact}


@dataclass(frozen=True)
class Debtor:
    """One payer, and what they owe by age."""

    account: Account
    cents: tuple[int, ...]
    count: int
    credit_cents: int = 0

    @property
    def total_cents(self) -> int:
        return sum(self.cents)


def aged_debtors(actor: User, *, today: date) -> list[Debtor]:
    """Answer everybody who owes, the most first, in two queries and the names."""
    edges = [today - timedelta(days=days) for days in _BOUNDS]
    due = "due_on"
    bands = [
        Q(**{f"{due}__gte": today}),
        Q(**{f"{due}__lt": today, f"{due}__gte": edges[0]}),
        Q(**{f"{due}__lt": edges[0], f"{due}__gte": edges[1]}),
        Q(**{f"{due}__lt": edges[1], f"{due}__gte": edges[2]}),
        Q(**{f"{due}__lt": edges[2]}),
    ]
    owed = visible_bills(actor).filter(state__in=Invoice.OPEN_STATES).order_by()
    sums: dict[tuple[str, UUID | None, UUID | None], tuple[int, ...]] = {}
    counts: dict[tuple[str, UUID | None, UUID | None], int] = {}
    figures = {f"band{n}": Sum("open_cents", filter=band) for n, band in enumerate(bands)}
    for own in (True, False):
        keys = ["payer_kind", "contact_id", *(["patient_id"] if own else [])]
        part = owed.filter(payer_kind="patient") if own else owed.exclude(payer_kind="patient")
        for row in part.values(*keys).annotate(count=Count("pk"), **figures):
            key = (row["payer_kind"], row["contact_id"], row.get("patient_id"))
            sums[key] = tuple(row[f"band{n}"] or 0 for n in range(len(bands)))
            counts[key] = row["count"]
    credit = _credit(actor)
    patients = Patient.everyone.in_bulk([key[2] for key in sums if key[2]])
    contacts = Contact.objects.in_bulk([key[1] for key in sums if key[1]])
    found = [
        Debtor(
            Account(
                key[0],
                patients.get(key[2]) if key[2] else None,
                contacts.get(key[1]) if key[1] else None,
            ),
            cents,
            counts[key],
            credit.get(key, 0),
        )
        for key, cents in sums.items()
    ]
    return sorted(found, key=lambda debtor: (-debtor.total_cents, debtor.account.name))


def _credit(actor: User) -> dict[tuple[str, UUID | None, UUID | None], int]:
    """Answer what is left of payments and credit notes, by payer."""
    left: dict[tuple[str, UUID | None, UUID | None], int] = {}
    payments = visible_payments(actor).filter(voided_at=None, left_cents__gt=0)
    notes = CreditNote.objects.filter(left_cents__gt=0)
    for rows in (payments, notes):
        values = rows.order_by().values_list("payer_kind", "contact_id", "patient_id", "left_cents")
        for kind, contact_id, patient_id, cents in values:
            key = (kind, contact_id, patient_id if kind == "patient" else None)
            left[key] = left.get(key, 0) + cents
    return left


def sums_of(debtors: Sequence[Debtor]) -> tuple[int, ...]:
    return tuple(sum(one.cents[band] for one in debtors) for band in range(len(AGES)))


# ── a day's takings ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Takings:
    """What came in and went out between two days, by method."""

    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    by_method: Sequence[tuple[str, int, int]]
    """Label, how many, cents; refunds taken off."""

    @property
    def total_cents(self) -> int:
        return sum(cents for _, _, cents in self.by_method)


def takings(actor: User, *, since: date, until: date) -> Takings:
    rows = visible_payments(actor).filter(paid_on__gte=since, paid_on__lte=until, voided_at=None)
    payments = list(rows.select_related("patient", "contact").order_by("paid_on", "pk"))
    given = Refund.objects.filter(
        refunded_on__gte=since, refunded_on__lte=until, undone_at=None
    ).select_related(
        *(f"{s}__{w}" for s in ("payment", "credit_note") for w in ("patient", "contact"))
    )
    refunds = list(given)
    sums: dict[str, tuple[int, int]] = {}
    for method, cents in [
        *((one.method, one.cents) for one in payments),
        *((one.method, -one.cents) for one in refunds),
    ]:
        count, sum_ = sums.get(method, (0, 0))
        sums[method] = (count + 1, sum_ + cents)
    labels = dict(Payment.Method.choices)
    by_method = [(labels[m], *sums[m]) for m in labels if m in sums]
    return Takings(payments, refunds, by_method)


# ── an account, line by line ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class StatementLine:
    on: date
    words: str
    cents: int
    balance_cents: int
    invoice_id: UUID | None = None


@dataclass(frozen=True)
class Statement:
    """A payer's account between two days, from the ledger."""

    account: Account
    since: date
    until: date
    opening_cents: int
    lines: Sequence[StatementLine]
    open_invoices: Sequence[Invoice]

    @property
    def closing_cents(self) -> int:
        return self.lines[-1].balance_cents if self.lines else self.opening_cents


def statement_of(account: Account, *, since: date, until: date) -> Statement:
    """Answer what moved the account: what only changed hands inside of it is left out."""
    postings = Posting.objects.filter(account__in=_OWED, **account.condition)
    opening = postings.filter(entry__entered_on__lt=since).aggregate(sum=Sum("cents"))["sum"] or 0
    sums = (
        postings.filter(entry__entered_on__gte=since, entry__entered_on__lte=until)
        .values_list("entry_id")
        .annotate(sum=Sum("cents"))
        .order_by()
    )
    moved = {entry_id: cents for entry_id, cents in sums if cents}
    entries = LedgerEntry.objects.filter(pk__in=list(moved)).order_by("entered_on", "pk")
    related = (
        "invoice__patient",
        "payment",
        "credit_note__invoice",
        "refund",
        "write_off__invoice",
    )
    balance = opening
    lines = []
    for entry in entries.select_related(*related):
        balance += moved[entry.pk]
        words, invoice_id = _words(entry)
        lines.append(StatementLine(entry.entered_on, words, moved[entry.pk], balance, invoice_id))
    owed = Invoice.objects.filter(state__in=Invoice.OPEN_STATES, **account.condition)
    return Statement(
        account,
        since,
        until,
        opening,
        lines,
        list(owed.select_related("patient").order_by("due_on")),
    )


def _words(entry: LedgerEntry) -> tuple[str, UUID | None]:
    taken_back = "Taken back: " if entry.reverses_id else ""
    if entry.invoice:
        name = entry.invoice.patient.full_name
        return f"{taken_back}Invoice {entry.invoice.number}, {name}", entry.invoice_id
    if entry.payment:
        how = entry.payment.get_method_display().lower()
        return f"{taken_back}Payment, {how}, receipt {entry.payment.number}", None
    if entry.credit_note:
        note = entry.credit_note
        return f"{taken_back}Credit note {note.number} to {note.invoice.number}", note.invoice_id
    if entry.refund:
        return f"{taken_back}Refund, {entry.refund.get_method_display().lower()}", None
    if entry.write_off:
        invoice = entry.write_off.invoice
        return f"{taken_back}Written off of invoice {invoice.number}", invoice.pk
    return str(entry), None


def statement_accounts(patient: Patient, invoices: Sequence[Invoice]) -> list[Account]:
    """Answer the accounts that pay, or have paid, for a patient; the contacts are read."""
    found = {PayerKind.PATIENT.value: Account(PayerKind.PATIENT, patient=patient)}
    for invoice in invoices:
        if invoice.contact and not invoice.is_draft:
            found[str(invoice.contact_id)] = Account(PayerKind.CONTACT, contact=invoice.contact)
    return list(found.values())
