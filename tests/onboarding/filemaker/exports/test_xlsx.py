from __future__ import annotations

import random
import time
import zipfile
from datetime import date, datetime, timedelta
from datetime import time as clock

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from onboarding.filemaker.exports.choices import Choices
from onboarding.filemaker.exports.detect import open_source
from onboarding.filemaker.exports.errors import (
    BrokenWorkbookError,
    ProtectedWorkbookError,
    TooLargeExportError,
    UnsafeArchiveError,
    XmlEntitiesError,
)
from onboarding.filemaker.exports.xlsx import CUT_AT
from onboarding.filemaker.fmp.errors import FileMakerFileError


def outcome(path):
    """Read the whole file; answers “read” or the code of the named error."""
    try:
        with open_source(path) as file:
            for table in file.tables():
                list(file.records(table.id))
    except FileMakerFileError as error:
        return error.code
    return "read"


def texts(file, table_id):
    """The cells of each record in the order of the columns."""
    order = [field.id for field in file.fields(table_id)]
    return [[record.values.get((id_, 1), "") for id_ in order] for record in file.records(table_id)]


def warning(file, code):
    return next(found for found in file.warnings if found.code == code)


def test_dates_times_numbers_and_flags_come_as_text_that_needs_no_order(write, tmp_path):
    rows = [
        ["ID", "When", "Day", "Clock", "Length", "Weight", "Flag", "Words"],
        [
            1, datetime.combine(date(2024, 4, 3), clock(14, 5)), date(1980, 12, 25),
            clock(9, 30), timedelta(hours=26), 0.1, True, "a\nb",
        ],
    ]  # fmt: skip
    path = write.xlsx(tmp_path / "a.xlsx", {"Visits": rows})

    with open_source(path) as file:
        (table,) = file.tables()
        assert (table.name, table.record_count) == ("Visits", 1)
        assert texts(file, table.id) == [
            ["1", "2024-04-03 14:05:00", "1980-12-25", "09:30:00", "26:00:00", "0.1", "1", "a\nb"]
        ]


def test_days_counted_from_1904_are_the_same_days(write, tmp_path):
    rows = [["ID", "Day"], [1, date(1980, 12, 25)]]
    path = write.xlsx(tmp_path / "a.xlsx", {"A": rows}, epoch=CALENDAR_MAC_1904)

    with open_source(path) as file:
        assert texts(file, 1) == [["1", "1980-12-25"]]
        assert warning(file, "epoch-1904")


def test_each_sheet_is_a_table_and_empty_ones_are_none(write, tmp_path):
    sheets = {"Patients": [["ID", "Name"], [1, "Anna"]], "Empty": [], "Visits": [["ID"], [7]]}
    one = write.xlsx(tmp_path / "a.xlsx", sheets)
    two = write.xlsx(tmp_path / "b.xlsx", dict(reversed(sheets.items())))

    with open_source(one) as file, open_source(two) as other:
        tables = {table.name: table.id for table in file.tables()}
        assert set(tables) == {"Patients", "Visits"}
        assert tables == {table.name: table.id for table in other.tables()}


def test_cut_texts_lost_zeros_and_errors_are_warned_of(write, tmp_path):
    rows = [["Record", "Phone", "Notes", "Sum"], ["x", 412345678, "n" * CUT_AT, "#REF!"]]
    path = write.xlsx(tmp_path / "a.xlsx", {"A": rows})

    with open_source(path) as file:
        assert warning(file, "cells-cut").facts["count"] == 1
        assert warning(file, "zeros-lost").facts["columns"] == ["Phone"]
        assert warning(file, "cells-in-error").facts["count"] == 1
        assert texts(file, 1)[0][3] == ""


def test_zeros_that_the_format_shows_are_kept(tmp_path):
    book = Workbook()
    book.active.append(["Name", "Postcode"])
    book.active.append(["Anna", 800])
    book.active["B2"].number_format = "0000"
    book.save(tmp_path / "a.xlsx")

    with open_source(tmp_path / "a.xlsx") as file:
        assert texts(file, 1) == [["Anna", "0800"]]
        assert "zeros-lost" not in {found.code for found in file.warnings}


def test_formulas_are_never_worked_out(write, tmp_path):
    path = write.xlsx(
        tmp_path / "a.xlsx", {"A": [["ID", "Sum"], [1, "=1+1"], [2, '=WEBSERVICE("http://x")']]}
    )

    with open_source(path) as file:
        assert texts(file, 1) == [["1", ""], ["2", ""]]


def test_a_cell_far_to_the_right_is_refused_and_not_left_out(tmp_path):
    book = Workbook()
    book.active.append(["ID", "Name"])
    book.active.append([1, "Anna"])
    book.active.cell(row=1_000, column=16_000, value="far")
    book.save(tmp_path / "a.xlsx")

    with pytest.raises(TooLargeExportError):
        open_source(tmp_path / "a.xlsx")


def test_a_cell_far_below_makes_no_rows_of_the_empty_ones_above(tmp_path):
    book = Workbook()
    book.active.append(["ID", "Name"])
    book.active.append([1, "Anna"])
    book.active.cell(row=900_000, column=1, value=2)
    book.save(tmp_path / "a.xlsx")

    with open_source(tmp_path / "a.xlsx", choices=Choices(header=True)) as file:
        assert texts(file, 1) == [["1", "Anna"], ["2", ""]]


def packed(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def bomb(tmp_path):
    return packed(
        tmp_path / "a.xlsx",
        {"[Content_Types].xml": "<Types/>", "xl/worksheets/sheet1.xml": bytes(60 * 1024**2)},
    )


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = bomb(tmp_path)
    began = time.perf_counter()

    with pytest.raises(UnsafeArchiveError):
        open_source(path)

    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"xl/workbook.xml": '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}, XmlEntitiesError),
        ({"xl/workbook.xml": "<x"}, BrokenWorkbookError),
        ({"xl/workbook.xml": "<x/>"}, BrokenWorkbookError),
        ({"../xl/../../evil.xml": "<x/>", "xl/workbook.xml": "<x/>"}, UnsafeArchiveError),
        ({"word/document.xml": "<x/>"}, BrokenWorkbookError),
        ({f"xl/{n}.bin": "" for n in range(2_100)}, UnsafeArchiveError),
    ],
)
def test_an_archive_that_is_no_workbook_is_refused_by_name(tmp_path, members, error):
    path = packed(tmp_path / "a.xlsx", {"[Content_Types].xml": "<Types/>", **members})

    with pytest.raises(error) as refusal:
        open_source(path)

    assert refusal.value.remedy


def test_a_protected_or_old_workbook_is_named_as_what_it_is(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(9_000))

    with pytest.raises(ProtectedWorkbookError):
        open_source(path)


def test_damaged_workbooks_end_in_named_errors_or_records(write, tmp_path):
    chance = random.Random(20261121)
    rows = [["ID", "Name"], *[[n, f"Anna {n}"] for n in range(40)]]
    whole = write.xlsx(tmp_path / "a.xlsx", {"A": rows}).read_bytes()
    path = tmp_path / "b.xlsx"
    began = time.monotonic()
    for _ in range(250):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            damaged[chance.randrange(40, len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: len(damaged) - chance.choice([0, 0, chance.randrange(900)])])
        assert outcome(path)
        if time.monotonic() - began > 7:
            break


def test_damaged_xml_inside_a_whole_archive_ends_in_named_errors_or_records(write, tmp_path):
    chance = random.Random(7)
    whole = write.xlsx(tmp_path / "a.xlsx", {"A": [["ID", "Day"], [1, date(1980, 12, 25)]]})
    with zipfile.ZipFile(whole) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    began = time.monotonic()
    for _ in range(250):
        name = chance.choice(list(members))
        content = bytearray(members[name])
        for _ in range(chance.randrange(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(32, 127)
        path = packed(tmp_path / "b.xlsx", {**members, name: bytes(content)})
        assert outcome(path)
        if time.monotonic() - began > 7:
            break
