"""A clinic that charges NDIS visits: an invented price list in the NDIA's columns, a participant, visits.

Models are imported inside: this file is read before the settings are.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace

import pytest
from openpyxl import Workbook

ITEM = "15_901_0128_1_3"
OTHER = "01_902_0107_1_1"
HEADERS = [
    "Support Item Number", "Support Item Name", "Registration Group Number",
    "Registration Group Name", "Support Category Number", "Support Category Number (PACE)",
    "Support Category Name", "Support Category Name (PACE)", "Unit", "Quote", "Start date",
    "End Date", "ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA", "Remote", "Very Remote",
    "Non-Face-to-Face Support Provision", "Provider Travel", "Short Notice Cancellations.",
    "NDIA Requested Reports", "Irregular SIL Supports", "Type",
]  # fmt: skip


def price_row(number=ITEM, name="Invented therapy", *, price="190.50", **cells):
    """Answer a row in the NDIA's columns; the remote prices are 40 and 50 per cent above."""
    far = {"Remote": "266.70", "Very Remote": "285.75"} if price == "190.50" else {}
    prices = dict.fromkeys(["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"], price)
    row = {
        "Support Item Number": number, "Support Item Name": name,
        "Registration Group Number": number.split("_")[2] if number.count("_") > 2 else "",
        "Support Category Number": number[:2], "Support Category Name": "Invented category",
        "Unit": "H", "Quote": "N", "Start date": "20250701", "End Date": "99991231",
        **prices, **far,
        "Non-Face-to-Face Support Provision": "Y", "Provider Travel": "Y",
        "Short Notice Cancellations.": "Y", "NDIA Requested Reports": "N",
        "Irregular SIL Supports": "N", "Type": "Price Limited Supports", **cells,
    }  # fmt: skip
    return [row.get(header, "") for header in HEADERS]


def price_csv(*rows) -> bytes:
    made = io.StringIO()
    csv.writer(made).writerows([HEADERS, *rows])
    return made.getvalue().encode()


def workbook(*rows, title="Current Support Items") -> bytes:
    book = Workbook()
    book.active.append(["Notes", "not the prices"])
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


class Billing:
    """What the tests need of one clinic, made in the scope that is open."""

    def __init__(self) -> None:
        from django.utils import timezone

        from accounts.models import User
        from billing_integrations.invoices.models import (
            BillingDetails,
            ItemForType,
            Price,
            PriceItem,
        )
        from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner

        self.today = timezone.localdate()
        self.now = timezone.now()
        self.actor = User.objects.create(email="bill@example.com", name="Bill", role="billing")
        self.owner = User.objects.create(email="owner@example.com", name="Olive", role="owner")
        BillingDetails.objects.update_or_create(
            only=True,
            defaults={
                "legal_name": "Invented Physio Pty Ltd",
                "abn": "51824753556",
                "ndis_registration": "405000123",
                "charge_since": self.today - timedelta(days=300),
            },
        )
        self.place = Location.objects.create(name="Harbour rooms")
        self.dana = Practitioner.objects.create(name="Dana Vane")
        self.kind = AppointmentType.objects.create(name="NDIS review", duration_minutes=50)
        self.funding = FundingType.objects.create(name="NDIS")
        self.item = PriceItem.objects.create(code=ITEM, name="Invented therapy", unit="hour")
        Price.objects.create(item=self.item, cents=19_050, valid_from=self.day(-400))
        ItemForType.objects.create(
            appointment_type=self.kind, funding_type=self.funding, item=self.item
        )
        self._numbers = iter(range(430000001, 430000900))

    def day(self, days: int):
        return self.today + timedelta(days=days)

    def prices(self, *rows, valid_from=None, content=None):
        """Load a price list and take it into use."""
        from billing_integrations.ndis import services

        loaded = services.load_price_list(
            content or price_csv(*(rows or [price_row()])),
            actor=self.owner, file_name="prices.csv", at=self.now,
        )  # fmt: skip
        return services.use_price_list(
            loaded, actor=self.owner, at=self.now, valid_from=valid_from or loaded.valid_from
        )

    def participant(self, name="Ada North", *, management="agency", number=None, **plan):
        """Make a participant with a running plan and two budgets."""
        from clinical.funding.models import NdisPlan, PlanBudget
        from clinical.patients.models import Patient, PatientIdentifier

        given, _, family = name.rpartition(" ")
        starts, ends = plan.get("starts", self.day(-100)), plan.get("ends", self.day(200))
        ada = Patient.objects.create(
            given_names=given, family_name=family, funding_type=self.funding,
            location=self.place, plan_start=starts, plan_end=ends,
        )  # fmt: skip
        value = str(next(self._numbers)) if number is None else number
        if value:
            PatientIdentifier.objects.create(
                patient=ada, kind="ndis", value=value, normalised=value, is_valid=True
            )
        made = NdisPlan.objects.create(
            patient=ada, starts_on=starts, ends_on=ends, management=management,
            plan_manager=plan.get("manager"),
        )  # fmt: skip
        PlanBudget.objects.create(
            plan=made, category="15", amount_cents=plan.get("amount", 500_000)
        )
        ada.plan = made
        return ada

    def visit(self, patient, days=-7, *, minutes=50, **fields):
        from clinical.appointments.models import Appointment

        starts = datetime.combine(self.day(days), time(0, 30), UTC)
        return Appointment.objects.create(
            patient=patient, starts_at=starts, ends_at=starts + timedelta(minutes=minutes),
            **{
                "appointment_type": self.kind, "location": self.place,
                "practitioner": self.dana,
                "status": "completed" if days < 0 else "booked", **fields,
            },
        )  # fmt: skip

    def invoice(self, patient, *charges, payer="ndia", contact=None, issued=True):
        """Draft an invoice of charges (dicts of `Charge`) and issue it."""
        from billing_integrations.invoices.payers import Payer
        from billing_integrations.invoices.services import Charge, draft_invoice, issue_invoice

        usual = {
            "description": "Invented therapy", "unit_cents": 19_050, "quantity_hundredths": 83,
            "unit": "hour", "code": ITEM, "service_date": self.day(-7), "location": self.place,
            "practitioner": self.dana,
        }  # fmt: skip
        made = draft_invoice(
            patient,
            actor=self.actor,
            payer=Payer(payer, contact),
            charges=[Charge(**{**usual, **charge}) for charge in charges or [{}]],
            location=self.place,
        )
        return issue_invoice(made, actor=self.actor) if issued else made

    def claim(self, *lines):
        """Make a bulk payment request of these lines, or of all that is ready."""
        from billing_integrations.ndis import services
        from billing_integrations.ndis.selectors import to_claim

        chosen = [line.pk for line in lines] or [one.line.pk for one in to_claim(self.today).ready]
        return services.claim_lines(chosen, actor=self.actor, at=self.now)

    def answer(self, *rows, name="results.csv"):
        """Read an answer: rows of reference, status, paid dollars, message."""
        from billing_integrations.ndis import services

        return services.read_back(results_csv(*rows), actor=self.actor, file_name=name, at=self.now)


def results_csv(*rows) -> bytes:
    made = io.StringIO()
    headers = ["NDISNumber", "ClaimReference", "Paid Total Amount", "Payment Request Number",
               "Participant Name", "Capped Price", "Payment Request Status", "Error Message"]  # fmt: skip
    table = [
        ["430000001", reference, paid, f"PR{number}", "Somebody", "", status, *message]
        for number, (reference, status, paid, *message) in enumerate(rows, start=1)
    ]
    csv.writer(made).writerows([headers, *table])
    return made.getvalue().encode()


@pytest.fixture
def billing(in_alpha):
    return Billing()


@pytest.fixture
def made():
    """What builds files, for tests without a database."""
    return SimpleNamespace(row=price_row, csv=price_csv, workbook=workbook, headers=HEADERS)
