"""A made-up price list, invoices in all states and payments around today for a demo clinic."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from billing_integrations.invoices.models import (
    Allocation,
    BillingDetails,
    CancellationRule,
    Invoice,
    InvoiceLine,
    ItemForType,
    LedgerEntry,
    NumberSeries,
    PayerKind,
    Payment,
    Posting,
    Price,
    PriceItem,
)
from billing_integrations.invoices.payers import participant_of, payer_facts
from billing_integrations.invoices.services.charging import RELATED, propose
from billing_integrations.invoices.services.issuing import issuer_facts
from clinical.appointments.models import Appointment
from clinical.practice.models import AppointmentType, FundingType

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from billing_integrations.invoices.services import Proposal

MOST = 200
LEFT_TO_CHARGE = 12
"""The newest visits stay to be invoiced."""
_ITEMS = (
    ("PHYS-STD", "Physiotherapy, standard consultation", 11_500, "free"),
    ("15_055_0128_1_3", "Assessment, recommendation, therapy: physiotherapist", 18_399, "free"),
    ("10960", "Physiotherapy under a GP management plan", 9_800, "free"),
    ("REP-3P", "Report for a third party", 33_000, "taxable"),
    ("TRAVEL-KM", "Travel to a home visit", 99, "free"),
)
_REBATE = 6_120


def fill(chance: random.Random, now: datetime) -> None:
    """Set prices and bank details, then invoice most of the visits there are."""
    if PriceItem.objects.exists() or Invoice.objects.exists():
        return
    _prices(now)
    visits = (
        Appointment.objects.filter(
            patient__isnull=False, status=Appointment.Status.COMPLETED, starts_at__lt=now
        )
        .select_related(*RELATED)
        .order_by("-starts_at")[LEFT_TO_CHARGE : MOST + LEFT_TO_CHARGE]
    )
    made = _Made(chance, now)
    for proposal in propose(reversed(list(visits))):
        if proposal.charge:
            made.add(proposal)
    made.save()


def _prices(now: datetime) -> None:
    if not BillingDetails.objects.exists():
        BillingDetails.objects.create(
            legal_name="Merrigum Bay Allied Health Pty Ltd",
            abn="51824753556",
            address="12 Pelican Parade\nMerrigum Bay NSW 2999",
            phone="(02) 5550 0100",
            email="accounts@merrigumbay.example",
            account_name="Merrigum Bay Allied Health",
            bsb="000-000",
            account_number="12345678",
            footer_text="Thank you for your trust. Questions about this invoice: call or write to us.",
        )
    first = timezone.localdate(now).replace(month=1, day=1) - timedelta(days=366)
    items = [
        PriceItem(
            code=code,
            name=name,
            gst_rule=rule,
            unit="km" if code == "TRAVEL-KM" else "each",
            income_account="215" if rule == "taxable" else "210",
            rebate_cents=_REBATE if code.isdigit() else None,
        )
        for code, name, _, rule in _ITEMS
    ]
    PriceItem.objects.bulk_create(items)
    Price.objects.bulk_create(
        Price(item=item, cents=row[2], valid_from=first)
        for item, row in zip(items, _ITEMS, strict=True)
    )
    funding = {one.name.casefold(): one for one in FundingType.objects.all()}
    ndis = next((one for name, one in funding.items() if "ndis" in name), None)
    medicare = next((one for name, one in funding.items() if "medicare" in name), None)
    choices = []
    for kind in AppointmentType.objects.all():
        choices.append(ItemForType(appointment_type=kind, item=items[0]))
        if ndis:
            choices.append(ItemForType(appointment_type=kind, funding_type=ndis, item=items[1]))
        if medicare:
            choices.append(ItemForType(appointment_type=kind, funding_type=medicare, item=items[2]))
    ItemForType.objects.bulk_create(choices)
    CancellationRule.objects.bulk_create(
        [
            CancellationRule(applies_to="did_not_attend", percent=100),
            CancellationRule(applies_to="late_cancellation", within_hours=24, percent=50),
        ]
    )


@dataclass
class _Made:
    """Rows of one table each, so that the whole is a dozen statements."""

    chance: random.Random
    now: datetime
    invoices: list[Invoice] = field(default_factory=list)
    lines: list[InvoiceLine] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    shares: list[Allocation] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)

    def add(self, proposal: Proposal) -> None:
        charge = proposal.charge
        assert charge is not None  # noqa: S101 - for the type checker
        invoice = Invoice(
            patient=proposal.patient,
            funding_type=proposal.patient.funding_type,
            location=proposal.visit.location,
            payer_kind=proposal.payer.kind,
            contact=proposal.payer.contact,
            total_cents=charge.total_cents,
            created_by="demo",
        )
        self.invoices.append(invoice)
        self.lines.append(charge.as_line(invoice, 1))

    def save(self) -> None:
        Invoice.objects.bulk_create(self.invoices)
        InvoiceLine.objects.bulk_create(self.lines)
        issued = [one for number, one in enumerate(self.invoices) if number % 17 != 3]  # noqa: PLR2004
        issuer = issuer_facts(BillingDetails.objects.get())
        facts: dict[object, tuple[tuple[str, str, str], tuple[str, str]]] = {}
        lines = {line.invoice_id: line for line in self.lines}
        for serial, invoice in enumerate(issued, 1):
            line = lines[invoice.pk]
            key = (invoice.payer_kind, invoice.contact_id, invoice.patient_id)
            if key not in facts:
                facts[key] = (payer_facts(invoice), participant_of(invoice, [line]))
            (name, address, mail), (label, number) = facts[key]
            invoice.payer_name, invoice.payer_address, invoice.payer_email = name, address, mail
            invoice.participant_name = invoice.patient.full_name
            invoice.participant_number = number
            invoice.issuer = {**issuer, "participant_label": label}
            invoice.serial, invoice.number = serial, f"INV-{serial:06d}"
            invoice.issued_on = line.service_date
            invoice.due_on = (line.service_date or self.now.date()) + timedelta(days=14)
            invoice.issued_at, invoice.issued_by = self.now, "demo"
            invoice.state = Invoice.State.ISSUED
            self._post("invoice", invoice, ("receivable", 1), ("income", -1), invoice=invoice)
        names = "payer_name payer_address payer_email participant_name participant_number issuer "
        names += "serial number issued_on due_on issued_at issued_by state"
        Invoice.objects.bulk_update(issued, names.split())
        self._pay(issued)
        NumberSeries.objects.bulk_create(
            [
                NumberSeries(kind="invoice", last_serial=len(issued)),
                NumberSeries(kind="receipt", last_serial=len(self.payments)),
            ]
        )

    def _pay(self, issued: list[Invoice]) -> None:
        today = timezone.localdate(self.now)
        settled = []
        for invoice in issued:
            lot = self.chance.random()
            if lot > 0.72 or invoice.issued_on is None:  # noqa: PLR2004 - some still owe
                continue
            cents = invoice.total_cents // 2 if lot < 0.08 else invoice.total_cents  # noqa: PLR2004
            own = invoice.payer_kind == PayerKind.PATIENT
            serial = len(self.payments) + 1
            day = min(today, invoice.issued_on + timedelta(days=0 if own else 9))
            payment = Payment(
                payer_kind=invoice.payer_kind,
                contact=invoice.contact,
                patient=invoice.patient,
                cents=cents,
                allocated_cents=cents,
                paid_on=day,
                method=self.chance.choice(("card", "card", "cash")) if own else "transfer",
                serial=serial,
                number=f"R-{serial:06d}",
                created_by="demo",
            )
            share = Allocation(payment=payment, invoice=invoice, cents=cents, allocated_on=day)
            self.payments.append(payment)
            self.shares.append(share)
            invoice.paid_cents = cents
            invoice.state = "paid" if cents == invoice.total_cents else "part_paid"
            settled.append(invoice)
            self._post("payment", payment, ("bank", 1), ("credit", -1), payment=payment)
            sides = (("credit", 1), ("receivable", -1))
            self._post("allocation", payment, *sides, allocation=share)
        Payment.objects.bulk_create(self.payments)
        Allocation.objects.bulk_create(self.shares)
        Invoice.objects.bulk_update(settled, ["paid_cents", "state"])
        LedgerEntry.objects.bulk_create(self.entries)
        Posting.objects.bulk_create(self.postings)

    def _post(
        self,
        kind: str,
        about: Invoice | Payment,
        *sides: tuple[str, int],
        **subject: Invoice | Payment | Allocation,
    ) -> None:
        cents = about.total_cents if isinstance(about, Invoice) else about.cents
        on = (about.issued_on if isinstance(about, Invoice) else about.paid_on) or self.now.date()
        entry = LedgerEntry(kind=kind, entered_on=on, entered_by="demo", **subject)
        self.entries.append(entry)
        self.postings += [
            Posting(
                entry=entry,
                account=account,
                cents=sign * cents,
                payer_kind=about.payer_kind,
                contact=about.contact,
                patient=about.patient,
            )
            for account, sign in sides
        ]
