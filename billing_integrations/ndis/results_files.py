"""The NDIA's answer to a bulk payment request: which claim was paid, which refused, and why.

The columns are found by their names (ClaimReference, Payment Request Status, Paid Total Amount, Error
Message …), whatever their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from billing_integrations.ndis.price_files import CellError, read_price
from billing_integrations.ndis.tables import TableError, folded, read_sheets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "reference": ("claimreference", "claimref", "providerclaimreference", "invoicenumber"),
    "status": ("paymentrequeststatus", "claimstatus", "status"),
    "paid": ("paidtotalamount", "paidamount", "totalpaidamount", "paymentamount", "amountpaid"),
    "message": (
        "errormessage", "rejectionreason", "errordescription", "responsemessage", "reason", "error",
    ),
    "request": ("paymentrequestnumber", "paymentrequestid", "claimnumber"),
}  # fmt: skip
NEEDED = {"reference": "ClaimReference", "status": "Payment Request Status"}
_HEADER_WITHIN = 20
_MESSAGE_LENGTH = 500


class Outcome(StrEnum):
    PAID = "paid"
    REJECTED = "rejected"
    OPEN = "open"
    UNCLEAR = "unclear"


_WORDS = {
    Outcome.PAID: {"paid", "successful", "success", "processed", "completed", "approved", "ok"},
    Outcome.REJECTED: {
        "error", "rejected", "failed", "invalid", "declined", "unsuccessful", "cancelled", "denied",
    },
    Outcome.OPEN: {
        "pending", "submitted", "inprogress", "open", "received", "awaitingapproval", "queued",
        "pendingpayment", "underreview", "incomplete",
    },
}  # fmt: skip


@dataclass(frozen=True)
class ResultRow:
    """One row of the answer; `paid_cents` is None where the file does not say how much."""

    row: int
    reference: str
    outcome: Outcome
    status: str
    paid_cents: int | None
    message: str
    request_number: str


def read_results(content: bytes) -> list[ResultRow]:
    """Read a results file. Raises TableError where it is none."""
    for sheet in read_sheets(content):
        for at, row in enumerate(sheet.rows[:_HEADER_WITHIN]):
            columns = _recognised(row)
            if "reference" in columns:
                _check(columns)
                found = _rows(sheet.rows[at + 1 :], at + 2, columns)
                if not found:
                    raise TableError("There are headers but no rows below them.")
                return found
    raise TableError(
        "No column ClaimReference was found. Take the results of the bulk payment request as the "
        "portal gives them, unchanged."
    )


def _recognised(row: Sequence[str]) -> dict[str, int]:
    headers = [folded(cell) for cell in row]
    found = {}
    for name, aliases in COLUMNS.items():
        place = next((headers.index(alias) for alias in aliases if alias in headers), None)
        if place is not None:
            found[name] = place
    return found


def _check(columns: Mapping[str, int]) -> None:
    missing = [label for name, label in NEEDED.items() if name not in columns]
    if missing:
        raise TableError(
            f"The column {', '.join(missing)} is missing: this is not the NDIA's answer, maybe the "
            "file that was sent."
        )


def _rows(rows: Sequence[Sequence[str]], first: int, columns: Mapping[str, int]) -> list[ResultRow]:
    found = []
    for number, row in enumerate(rows, start=first):
        cells = {name: row[at] if at < len(row) else "" for name, at in columns.items()}
        if not any(row) or not (cells["reference"] or cells["status"]):
            continue
        outcome, cents = outcome_of(cells["status"]), None
        try:
            cents = read_price(cells.get("paid", ""), "Paid amount")
        except CellError:
            outcome = Outcome.UNCLEAR
        found.append(
            ResultRow(
                row=number,
                reference=cells["reference"].lstrip("'"),
                outcome=outcome,
                status=cells["status"],
                paid_cents=cents,
                message=cells.get("message", "")[:_MESSAGE_LENGTH],
                request_number=cells.get("request", "")[:100],
            )
        )
    return found


def outcome_of(status: str) -> Outcome:
    word = folded(status)
    return next((outcome for outcome, words in _WORDS.items() if word in words), Outcome.UNCLEAR)
