"""One row of a bulk payment request: its sixteen cells, and everything that would get it refused.

NDIA, Bulk payment request: self-help guide for providers. The NDIA refuses a whole file for one row
of a wrong format, so nothing that is wrong here gets into a file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stdnum.au import abn as abn_rules

from billing_integrations.invoices.models import GstRule, InvoiceLine
from billing_integrations.ndis.models import CancellationReason
from billing_integrations.ndis.price_files import ITEM_NUMBER
from billing_integrations.ndis.quantities import price_text, quantity_text
from billing_integrations.ndis.regions import Region
from clinical.funding.models import NdisPlan
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from billing_integrations.invoices.models import BillingDetails
    from billing_integrations.ndis.limits import Limit

HEADERS = (
    "RegistrationNumber", "NDISNumber", "SupportsDeliveredFrom", "SupportsDeliveredTo",
    "SupportNumber", "ClaimReference", "Quantity", "Hours", "UnitPrice", "GSTCode", "AuthorisedBy",
    "ParticipantApproved", "InKindFundingProgram", "ClaimType", "CancellationReason",
    "ABN of Support Provider",
)  # fmt: skip
GST_CODES: Mapping[str, str] = {
    GstRule.TAXABLE: "P1",
    GstRule.FREE: "P2",
    GstRule.OUT_OF_SCOPE: "P5",
}
CANCELLED = InvoiceLine.ClaimType.CANCELLATION
SHORT_NOTICE_DAYS = 7
"""Clear days: with that much notice or more a cancellation is not paid."""
YEARS_TO_CLAIM = 2
"""Since 3 October 2024."""
LONGEST_REFERENCE = 50
_MOST_CENTS = 10**10 - 1
_REGISTRATION = re.compile(r"405\d{6}")
_NDIS_NUMBER = re.compile(r"43\d{7}")
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_-]{0,49}")
_NOT_IN_REFERENCE = re.compile(r"[^A-Za-z0-9/_-]+")


@dataclass(frozen=True)
class Problem:
    """Why a row cannot be claimed, and what to do; `where` says which page mends it."""

    words: str
    where: str = "invoice"


@dataclass(frozen=True)
class ClaimRow:
    """A service as the NDIA is to pay it."""

    registration: str
    ndis_number: str
    day: date | None
    support_number: str
    reference: str
    quantity_hundredths: int
    unit_cents: int
    gst_code: str
    claim_type: str
    cancellation_reason: str
    abn: str

    def cells(self) -> tuple[str, ...]:
        """Answer the row in the order of HEADERS; Hours stays empty because Quantity is given."""
        if self.day is None:
            raise ValueError("a row without its day was never checked")
        day = self.day.isoformat()
        return (
            self.registration, self.ndis_number, day, day, self.support_number, self.reference,
            quantity_text(self.quantity_hundredths), "", price_text(self.unit_cents), self.gst_code,
            "", "", "", self.claim_type, self.cancellation_reason, self.abn,
        )  # fmt: skip


@dataclass(frozen=True)
class Circumstances:
    """What a row is held against."""

    today: date
    region: str
    has_price_list: bool
    limit: Limit | None
    has_plans: bool
    plan: NdisPlan | None
    cancelled_on: date | None = None
    """When the visit was called off; None where nobody came without a word."""
    credited_cents: int = 0


def reference_of(number: str, position: int, attempt: int) -> str:
    """Answer a ClaimReference: invoice and line, and from the second time on which attempt it is."""
    again = f"-R{attempt}" if attempt > 1 else ""
    end = f"-{position}{again}"
    invoice = _NOT_IN_REFERENCE.sub("-", number).strip("/_-") or "INV"
    return invoice[-(LONGEST_REFERENCE - len(end)) :].lstrip("/_-") + end


def provider_problems(details: BillingDetails) -> list[Problem]:
    """Say what of the clinic itself is missing: it would get every row refused."""
    found = []
    if not _REGISTRATION.fullmatch(details.ndis_registration):
        found.append(
            Problem(
                "The NDIS registration number is missing or wrong: nine digits that begin with 405.",
                "settings",
            )
        )
    if not abn_rules.is_valid(details.abn):
        found.append(Problem("The practice's ABN is missing or wrong.", "settings"))
    return found


def problems_of(row: ClaimRow, about: Circumstances) -> list[Problem]:
    """Answer everything that is wrong with a row, in words; nothing where it can be claimed."""
    return [
        *_of_format(row),
        *_of_dates(row, about),
        *_of_price(row, about),
        *_of_claim_type(row, about),
    ]


def _of_format(row: ClaimRow) -> Iterator[Problem]:
    if not row.ndis_number:
        yield Problem("The participant has no NDIS number. Add it to the record.", "patient")
    elif not _NDIS_NUMBER.fullmatch(row.ndis_number):
        yield Problem(
            f"{row.ndis_number} is no NDIS number: nine digits that begin with 43. Correct the record.",
            "patient",
        )
    if not _REFERENCE.fullmatch(row.reference):
        yield Problem(f"“{row.reference}” cannot be a claim reference.")
    try:
        quantity_text(row.quantity_hundredths)
    except ValueError:
        yield Problem("The quantity does not fit: up to 999.99, or 99999 without hundredths.")
    if not 0 < row.unit_cents <= _MOST_CENTS:
        yield Problem("The price is nothing, or has more than eight digits before the point.")
    if row.gst_code not in GST_CODES.values():
        yield Problem("The line has no GST rule that the NDIA knows.")


def _of_dates(row: ClaimRow, about: Circumstances) -> Iterator[Problem]:
    if row.day is None:
        yield Problem("The line has no date of service. Credit it and invoice it anew with one.")
        return
    if row.day > about.today:
        yield Problem(f"The service is on {_day(row.day)}, which is still to come.")
    elif about.today > last_day_to_claim(row.day):
        yield Problem(
            f"Claims must reach the NDIA within two years: the last day was "
            f"{_day(last_day_to_claim(row.day))}."
        )
    if about.plan is None:
        yield Problem(
            f"No plan on record covers {_day(row.day)}. "
            + ("Check the plans' dates." if about.has_plans else "Enter the participant's plan."),
            "plan",
        )
    elif about.plan.management in {NdisPlan.Management.SELF, NdisPlan.Management.PLAN}:
        yield Problem(
            f"The plan on {_day(row.day)} is {about.plan.get_management_display().lower()}: "
            "the NDIA does not pay it. Invoice who does, or correct the plan.",
            "plan",
        )


def last_day_to_claim(day: date) -> date:
    try:
        return day.replace(year=day.year + YEARS_TO_CLAIM)
    except ValueError:  # 29 February
        return day.replace(year=day.year + YEARS_TO_CLAIM, day=28)


def _of_price(row: ClaimRow, about: Circumstances) -> Iterator[Problem]:
    if about.credited_cents:
        yield Problem(
            f"{money(about.credited_cents)} of the line is credited. Credit the rest and invoice anew "
            "what is to be claimed."
        )
    if not row.support_number:
        yield Problem("The line has no support item number. Credit it and invoice it anew.")
        return
    if not ITEM_NUMBER.fullmatch(row.support_number):
        yield Problem(
            f"{row.support_number} is no support item number; they look like 15_056_0128_1_3."
        )
        return
    if row.day is None:
        return
    if not about.has_price_list:
        yield Problem(
            f"No price limits are loaded for {_day(row.day)}. Load the NDIA's support catalogue.",
            "prices",
        )
        return
    if about.limit is None:
        yield Problem(
            f"{row.support_number} is not in the price limits of {_day(row.day)}.", "prices"
        )
    elif about.limit.cents is not None and row.unit_cents > about.limit.cents:
        yield Problem(
            f"{money(row.unit_cents)} is above the limit of {money(about.limit.cents)} "
            f"({Region(about.region).label}). Credit the line and invoice it at the limit."
        )


def _of_claim_type(row: ClaimRow, about: Circumstances) -> Iterator[Problem]:
    if row.claim_type not in InvoiceLine.ClaimType.values:
        yield Problem(f"“{row.claim_type}” is no claim type.", "claim")
    elif about.limit is not None and not about.limit.allows(row.claim_type):
        label = InvoiceLine.ClaimType(row.claim_type).label.lower()
        yield Problem(f"{row.support_number} cannot be claimed as {label}.", "claim")
    if row.claim_type != CANCELLED:
        if row.cancellation_reason:
            yield Problem("A reason of cancellation without a cancellation.", "claim")
        return
    if row.cancellation_reason not in CancellationReason.values:
        yield Problem("Say why the participant cancelled or stayed away.", "claim")
    if about.cancelled_on and row.day:
        clear = (row.day - about.cancelled_on).days - 1
        if clear >= SHORT_NOTICE_DAYS:
            yield Problem(
                f"It was cancelled {clear} clear days before; only with less than "
                f"{SHORT_NOTICE_DAYS} is a cancellation paid."
            )


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
