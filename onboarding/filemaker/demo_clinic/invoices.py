"""Invoices of the demo clinic: their lines stand in repeating fields, side by side."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from onboarding.filemaker.demo_clinic.facts import DemoClinicFacts
from onboarding.filemaker.demo_clinic.patients import PatientPlan
from onboarding.filemaker.demo_clinic.staff import TYPES
from onboarding.filemaker.demo_clinic.written import record_ids, stamps, written_date
from onboarding.filemaker.fmp.writer import Record

if TYPE_CHECKING:
    from onboarding.filemaker.fmp.writer.writer import Cell, Value

LINES: Final = 10
"""Repetitions of the fields that hold the lines."""

_PAYERS = ("NDIA", "Plan Partners\rPO Box 12", "Medicare", "", "", "WorkCover")


def invoice_records(facts: DemoClinicFacts, patients: PatientPlan) -> Iterator[Record]:
    """Yield invoices, oldest first; in some the columns are not filled to the same line."""
    rng = facts.chance("invoices")
    uneven = set(rng.sample(range(facts.invoices), facts.invoices_with_uneven_lines))
    ids = record_ids(rng)
    for n in range(facts.invoices):
        day = facts.today - timedelta(days=(facts.invoices - n) * 1_080 // facts.invoices)
        cells: dict[Cell, Value] = {
            "ID_Invoice": str(n + 1),
            "Invoice No": f"INV-{n + 1:06}",
            "Patient ID": patients.random_id(rng),
            "Invoice Date": written_date(day),
            "Due Date": written_date(day + timedelta(days=14)),
            "Bill To": rng.choice(_PAYERS),
        }
        total = 0
        many = rng.choices((1, 2, 3, LINES), (70, 20, 8, 2))[0]
        for line in range(1, many + 1):
            type_ = rng.choice(TYPES)
            quantity = rng.choice((1, 1, 1, 2))
            cents = round(float(type_.fee) * 100) * quantity
            total += cents
            cells["Item Code", line] = type_.code
            cells["Item Description", line] = type_.name
            cells["Item Qty", line] = str(quantity)
            cells["Item Price", line] = type_.fee
            cells["Item Amount", line] = f"{cents / 100:.2f}"
        if n in uneven:
            cells["Item Description", min(many + 1, LINES)] = "less discount"
            if many == LINES:
                del cells["Item Amount", LINES]
        paid = rng.random() < 0.9  # noqa: PLR2004 - the share that was paid
        cells["Total"] = f"{total / 100:.2f}"
        cells["Amount Paid"] = cells["Total"] if paid else "0"
        cells["Status"] = "Paid" if paid else rng.choice(("Sent", "Overdue"))
        if rng.random() < 0.4:  # noqa: PLR2004 - the share that is in Xero
            cells["Xero Invoice ID"] = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        cells.update(stamps(rng, day, facts.today))
        yield Record(next(ids), cells, rng.randrange(5))
