"""Price limits are read from the NDIA's own columns, and what is wrong in a file is said in words."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest

from billing_integrations.ndis.price_files import PriceFileError, read_price_file
from billing_integrations.ndis.tables import TableError, read_sheets
from tests.billing_integrations.ndis.conftest import (
    HEADERS,
    ITEM,
    OTHER,
    price_csv,
    price_row,
    workbook,
)


def test_the_catalogues_columns_are_read_from_csv_and_from_a_workbook():
    rows = [
        price_row(),
        price_row(OTHER, "Quoted thing", price="", Quote="Y", **{"End Date": "20260630"}),
    ]

    from_csv = read_price_file(price_csv(*rows))
    from_book = read_price_file(workbook(["NDIS Support Catalogue"], [], HEADERS, *rows))

    first, second = from_csv.items
    assert (first.number, first.category, first.unit) == (ITEM, "15", "H")
    assert (first.starts_on, first.ends_on) == (date(2025, 7, 1), None)
    assert (first.prices["NSW"], first.prices["remote"], first.prices["very_remote"]) == (
        19_050, 26_670, 28_575,
    )  # fmt: skip
    assert first.claim_types == ["NF2F", "TRAN", "CANC", "THLT"]
    assert (second.is_quotable, second.prices, second.ends_on) == (True, {}, date(2026, 6, 30))
    assert from_book.items == from_csv.items
    assert (from_book.sheet, from_csv.starts_on) == ("Current Support Items", date(2025, 7, 1))
    assert from_csv.columns["CANC"] == "Short Notice Cancellations."


def test_order_case_unknown_columns_and_other_ways_to_write_a_cell_do_not_matter():
    headers = [
        "vic",
        "SUPPORT ITEM NAME",
        "Anything",
        "unit",
        "Support item number",
        "Start Date",
        "NSW",
    ]
    rows = [
        ["$1,190.005", "Thing", "?", "h", f" {ITEM} ", "1/07/2026", "-"],
        ["7", "Thing", "?", "E", OTHER, "46204", "N/A"],
    ]
    content = "\n".join(";".join(f'"{cell}"' for cell in row) for row in [headers, *rows])

    read = read_price_file(b"\xef\xbb\xbf" + content.encode())

    assert read.problems == []
    assert [(item.prices, item.starts_on) for item in read.items] == [
        ({"VIC": 119_001}, date(2026, 7, 1)),
        ({"VIC": 700}, date(2026, 7, 1)),
    ]


def test_each_row_that_cannot_be_read_says_why_and_the_others_are_kept():
    bad = [
        price_row("therapy"),
        price_row(name=""),
        price_row(Unit=""),
        price_row(NSW="cheap"),
        price_row(NSW="-5"),
        price_row(NSW="NaN"),
        price_row(**{"Start date": "soon"}),
        price_row(**{"Start date": "20270101", "End Date": "20260101"}),
        price_row(Quote="maybe"),
        price_row(name="Twice, with another name"),
    ]

    read = read_price_file(price_csv(price_row(), *bad, price_row(), price_row(OTHER)))

    assert [item.number for item in read.items] == [ITEM, OTHER]
    words = {problem.row: problem.words for problem in read.problems}
    assert list(words) == list(range(3, 13))
    for row, part in {
        3: "no support item number", 4: "no name", 5: "no unit", 6: "New South Wales: “cheap” is no price",
        7: "cannot be a price", 8: "price", 9: "“soon” is no date", 10: "ends before it starts",
        11: "neither Y nor N", 12: "stands above",
    }.items():  # fmt: skip
        assert part in words[row], (row, words[row])


def test_files_that_are_no_price_list_are_refused_in_words():
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a>" + b" " * 160 * 1024**2)
    entities = io.BytesIO()
    with zipfile.ZipFile(entities, "w") as archive:
        archive.writestr("xl/workbook.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    other_zip = io.BytesIO()
    with zipfile.ZipFile(other_zip, "w") as archive:
        archive.writestr("word/document.xml", b"<x/>")
    book = workbook(HEADERS, price_row())
    cases = {
        b"": "empty",
        b"a,b\n1,2": "No row of headers",
        b"Support Item Number,Support Item Name\nx,y": "Unit, a price column",
        ",".join(HEADERS).encode(): "no rows below",
        b"\x00\x01binary": "neither a CSV",
        bomb.getvalue(): "too large once",
        entities.getvalue(): "never writes",
        other_zip.getvalue(): "not an Excel workbook",
        book[: len(book) // 2]: "damaged",
    }

    for content, words in cases.items():
        with pytest.raises(TableError, match=words):
            read_price_file(content)
    assert issubclass(PriceFileError, TableError)
    with pytest.raises(TableError, match="30,000 rows"):
        read_sheets(b"a,b\n" * 30_001)
