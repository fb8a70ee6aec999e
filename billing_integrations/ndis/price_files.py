"""The NDIA's support catalogue as a file: which column is what, and what each row says.

The columns are those of the sheet “Current Support Items” of the NDIS Support Catalogue; order and
case do not matter, and columns that are not known are left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from billing_integrations.ndis.regions import Region
from billing_integrations.ndis.tables import Sheet, TableError, folded, read_sheets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ITEM_NUMBER = re.compile(r"\d{2}_\d{1,12}_\d{4}_\d_\d(_[A-Z0-9]{1,8})*")
"""Support category, sequence, registration group, outcome domain, purpose; maybe suffixes."""

PLAIN: Mapping[str, tuple[str, ...]] = {
    "number": ("supportitemnumber", "supportnumber", "itemnumber"),
    "name": ("supportitemname", "supportitem", "itemname"),
    "registration_group": ("registrationgroupnumber", "registrationgroup"),
    "registration_group_name": ("registrationgroupname",),
    "category": ("supportcategorynumber",),
    "category_name": ("supportcategoryname", "supportcategory"),
    "unit": ("unit", "unitofmeasure", "uom"),
    "quote": ("quote", "quoterequired"),
    "starts_on": ("startdate", "effectivefrom"),
    "ends_on": ("enddate", "effectiveto"),
}
PRICES: Mapping[str, tuple[str, ...]] = {
    "ACT": ("act",), "NSW": ("nsw",), "NT": ("nt",), "QLD": ("qld",), "SA": ("sa",),
    "TAS": ("tas",), "VIC": ("vic",), "WA": ("wa",),
    "remote": ("remote",), "very_remote": ("veryremote",),
}  # fmt: skip
FLAGS: Mapping[str, tuple[str, ...]] = {
    "NF2F": ("nonfacetofacesupportprovision", "nonfacetoface"),
    "TRAN": ("providertravel",),
    "CANC": ("shortnoticecancellations", "shortnoticecancellation"),
    "REPW": ("ndiarequestedreports",),
    "IRSS": ("irregularsilsupports", "irregularsil"),
    "THLT": ("telehealth", "telehealthsupports", "telehealthservices"),
}
ALWAYS_UNLESS_SAID = ("THLT",)
"""The catalogue has no column for it: a direct service may be given by telehealth."""
NEEDED = {"number": "Support Item Number", "name": "Support Item Name", "unit": "Unit"}
_OPEN_END = 9999
_HEADER_WITHIN = 30
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000
_EXCEL_EPOCH = date(1899, 12, 30)
_YES = {"y", "yes", "true", "1", "x"}
_NO = {"", "n", "no", "false", "0", "-"}
_NO_PRICE = {"", "-", "na", "n/a", "nil", "quote", "quotable", "poa"}
_DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%d-%m-%Y", "%Y/%m/%d", "%d/%m/%y", "%d %b %Y")
_MOST_CENTS = 10**10


class PriceFileError(TableError):
    """The file is no price list; the message is for a person."""


class CellError(ValueError):
    """What stands in a cell makes no sense; the message is for a person."""


@dataclass(frozen=True)
class ItemRow:
    """One support item as its row says."""

    number: str
    name: str
    registration_group: str
    category: str
    category_name: str
    unit: str
    is_quotable: bool
    starts_on: date | None
    ends_on: date | None
    prices: dict[str, int]
    claim_types: list[str]


@dataclass(frozen=True)
class RowProblem:
    """What is wrong with a row, by its number in the file, in words."""

    row: int
    words: str


@dataclass(frozen=True)
class PriceFile:
    """What was read: the columns that were recognised, the items, the rows that cannot be used."""

    sheet: str
    columns: dict[str, str]
    items: list[ItemRow]
    problems: list[RowProblem] = field(default_factory=list)

    @property
    def starts_on(self) -> date | None:
        """The day on which most of its items start: from when the list is meant to hold."""
        days = Counter(item.starts_on for item in self.items if item.starts_on)
        return max(days, key=lambda day: (days[day], day)) if days else None


def read_price_file(content: bytes) -> PriceFile:
    """Read a price list. Raises TableError where the file, its columns or all its rows cannot be."""
    sheets = read_sheets(content)
    found = [(sheet, *where) for sheet in sheets if (where := _header(sheet)) is not None]
    if not found:
        raise PriceFileError(
            "No row of headers was found. The first rows must hold the columns of the NDIA's support "
            "catalogue, such as Support Item Number, Support Item Name, Unit and the states."
        )
    sheet, at, columns = max(found, key=lambda one: (len(one[2]), len(one[0].rows)))
    _check_columns(columns)
    header = sheet.rows[at]
    items, problems = _read_rows(sheet.rows[at + 1 :], at + 2, columns)
    if not items and not problems:
        raise PriceFileError("There are headers but no rows below them.")
    return PriceFile(
        sheet=sheet.name,
        columns={name: header[index] for name, index in columns.items()},
        items=items,
        problems=problems,
    )


def _header(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    for at, row in enumerate(sheet.rows[:_HEADER_WITHIN]):
        columns = _recognised(row)
        if "number" in columns:
            return at, columns
    return None


def _recognised(row: Sequence[str]) -> dict[str, int]:
    headers = [folded(cell) for cell in row]
    found = {}
    for name, aliases in {**PLAIN, **PRICES, **FLAGS}.items():
        place = next((headers.index(alias) for alias in aliases if alias in headers), None)
        if place is not None:
            found[name] = place
    return found


def _check_columns(columns: Mapping[str, int]) -> None:
    missing = [label for name, label in NEEDED.items() if name not in columns]
    if not any(region in columns for region in PRICES):
        missing.append("a price column such as NSW")
    if missing:
        raise PriceFileError(
            f"These columns are missing: {', '.join(missing)}. Take the file as the NDIA publishes it."
        )


def _read_rows(
    rows: Sequence[Sequence[str]], first: int, columns: Mapping[str, int]
) -> tuple[list[ItemRow], list[RowProblem]]:
    items: dict[tuple[str, date | None], ItemRow] = {}
    problems = []
    for number, row in enumerate(rows, start=first):
        if not any(row):
            continue
        cells = {name: row[at] if at < len(row) else "" for name, at in columns.items()}
        try:
            item = _item(cells)
        except CellError as error:
            problems.append(RowProblem(number, str(error)))
            continue
        key = item.number, item.starts_on
        if key in items and items[key] != item:
            problems.append(
                RowProblem(
                    number, f"{item.number} stands above with the same start and other values."
                )
            )
        items.setdefault(key, item)
    return list(items.values()), problems


def _item(cells: Mapping[str, str]) -> ItemRow:
    number = cells["number"].replace(" ", "").upper()
    if not ITEM_NUMBER.fullmatch(number):
        raise CellError(
            f"“{cells['number'][:40]}” is no support item number; they look like 15_056_0128_1_3."
        )
    if not cells["name"]:
        raise CellError(f"{number} has no name.")
    unit = cells["unit"].upper()[:10]
    if not unit:
        raise CellError(f"{number} has no unit.")
    starts_on = read_day(cells.get("starts_on", ""), "Start date")
    ends_on = read_day(cells.get("ends_on", ""), "End Date")
    if starts_on and ends_on and ends_on < starts_on:
        raise CellError(f"{number} ends before it starts.")
    prices = {
        region: cents
        for region in PRICES
        if region in cells and (cents := read_price(cells[region], region)) is not None
    }
    flags = {
        claim_type: read_flag(cells[claim_type], claim_type) if claim_type in cells else default
        for claim_type in FLAGS
        for default in [claim_type in ALWAYS_UNLESS_SAID]
    }
    return ItemRow(
        number=number,
        name=cells["name"],
        registration_group=cells.get("registration_group", ""),
        category=number[:2],
        category_name=cells.get("category_name", ""),
        unit=unit,
        is_quotable=read_flag(cells.get("quote", ""), "Quote"),
        starts_on=starts_on,
        ends_on=ends_on,
        prices=prices,
        claim_types=[claim_type for claim_type, allowed in flags.items() if allowed],
    )


def read_day(text: str, column: str) -> date | None:
    """Read a day as the catalogue, CSV files and workbooks write it; the year 9999 is no end."""
    if not text:
        return None
    for form in _DAY_FORMATS:
        try:
            day = datetime.strptime(text.split(" 00:00", maxsplit=1)[0], form).date()  # noqa: DTZ007 - a calendar day
        except ValueError:
            continue
        return None if day.year == _OPEN_END else day
    if text.isdigit() and _FIRST_SERIAL < int(text) < _LAST_SERIAL:
        return _EXCEL_EPOCH + timedelta(days=int(text))
    raise CellError(f"{column}: “{text[:30]}” is no date. Write it as 2026-07-01.")


def read_price(text: str, column: str) -> int | None:
    """Read dollars as cents; empty or “quotable”: there is no limit."""
    plain = text.replace("$", "").replace(",", "").replace("\N{NO-BREAK SPACE}", "").strip()
    if plain.casefold() in _NO_PRICE:
        return None
    try:
        amount = Decimal(plain)
        cents = int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError):
        raise CellError(f"{_label(column)}: “{text[:30]}” is no price.") from None
    if not amount.is_finite() or not 0 <= cents < _MOST_CENTS:
        raise CellError(f"{_label(column)}: “{text[:30]}” cannot be a price.")
    return cents


def read_flag(text: str, column: str) -> bool:
    plain = text.casefold()
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    raise CellError(f"{_label(column)}: “{text[:30]}” is neither Y nor N.")


def _label(column: str) -> str:
    return str(Region(column).label) if column in Region.values else column
