"""Invoices of the old system, as history, and their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onboarding.imports.loading.building.base import (
    STAMPS_ONLY,
    Built,
    Refused,
    iso,
    notes_on,
    patient_of,
    rows_of,
)
from onboarding.imports.targets import PATIENT
from onboarding.imports.values.issues import Issue

if TYPE_CHECKING:
    from onboarding.imports.loading.building.base import Workshop
    from onboarding.imports.loading.reading import ReadRecord, Value

Line = dict[str, Any]
LINE_TARGETS = (
    "line_description", "line_code", "line_quantity", "line_price", "line_amount", "line_other",
)  # fmt: skip


def build_invoice(record: ReadRecord, shop: Workshop) -> Built | Refused:
    """Build a past invoice; parallel repeating fields become its lines, one for each repetition."""
    lines = [_line(found) for found in rows_of(record, LINE_TARGETS)]
    if not (lines or record.has("number", "issued_on", "total", "payer", "description")):
        return STAMPS_ONLY
    patient = patient_of(record, shop, None)
    if isinstance(patient, str):
        if record.has(PATIENT):
            return Refused("quarantined", patient)
        record.note("number", Issue("invoice_unlinked", "No patient is given: kept without one."))
    _note_uneven(record)
    main = {
        "patient_id": None if isinstance(patient, str) else str(patient),
        "number": record.text("number"),
        "issued_on": iso(record.first("issued_on")),
        "due_on": iso(record.first("due_on")),
        "payer": record.joined("payer"),
        "description": record.joined("description"),
        "total_cents": record.first("total"),
        "paid_cents": record.first("paid"),
        "status": record.text("status"),
        "lines": lines,
        "xero_invoice_id": record.text("xero_invoice_id"),
        "source_note": notes_on(record),
        "extra": record.extra,
    }
    return Built(main)


def _line(found: dict[str, Value]) -> Line:
    """One line, the text of every field of it under the field's own name."""
    said = {target.removeprefix("line_"): value for target, value in found.items()}
    return line_of(said)


def line_of(said: dict[str, Value], more: dict[str, str] | None = None) -> Line:
    def value(part: str) -> Any:
        return said[part].value if part in said else None

    description = " ".join(filter(None, [value("code"), value("description")]))
    raw = {each.label: _shown(each) for each in said.values()}
    amount = value("amount")
    return {
        "description": description,
        "quantity": value("quantity") or "",
        "amount_cents": amount if amount is not None else value("price"),
        "raw": {**raw, **(more or {})},
    }


def _shown(value: Value) -> str:
    """The text of a field of a line; an amount was read into cents without loss."""
    if isinstance(value.value, int):
        sign = "-" if value.value < 0 else ""
        return f"{sign}{abs(value.value) // 100}.{abs(value.value) % 100:02}"
    return str(value.value)


def _note_uneven(record: ReadRecord) -> None:
    """Say where parallel repeating fields are not filled to the same repetition."""
    ends = {
        max(value.repetition for value in record.values[target])
        for target in ("line_description", "line_amount", "line_quantity")
        if target in record.values
    }
    if len(ends) > 1:
        uneven = Issue(
            "uneven_lines", "Its repeating fields are not filled to the same repetition."
        )
        record.note("line_description", uneven)
