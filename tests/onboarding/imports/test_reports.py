from __future__ import annotations

import csv
import io

import pytest

from onboarding.imports.reports import as_text, reconciliation_csv
from ui.spreadsheets import safe_cell

REPORT = {
    "file": "=cmd()|'x'!A1.fmp12",
    "dry_run": True,
    "seconds": 1.5,
    "holds": True,
    "tables": [
        {
            "name": "=HYPERLINK(1)", "entity": "patient", "source": 3, "created": 1, "updated": 0,
            "unchanged": 0, "skipped": 1, "quarantined": 1, "holds": True,
            "reasons": [
                {"outcome": "skipped", "reason": "A blank record.", "count": 1, "records": [2]}
            ],
            "issues": [
                {"field": 4, "field_name": "@Phone", "code": "x", "message": "No number.",
                 "count": 1, "records": [1]}
            ],
        }
    ],
    "configuration_from_words": [{"entity": "location", "names": ["North"]}],
    "duplicates": [{"evidence": "the same name", "count": 2, "groups": []}],
    "warnings": [{"code": "damaged", "message": "The file is damaged."}],
}  # fmt: skip


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_cell_that_could_be_a_formula_is_made_text(start):
    assert safe_cell(f"{start}1") == f"'{start}1"


def test_the_report_as_a_sheet_holds_no_formula():
    rows = list(csv.reader(io.StringIO(reconciliation_csv(REPORT))))

    assert rows[1] == ["'=HYPERLINK(1)", "Patients", "3", "1", "0", "0", "1", "1", "yes"]
    assert ["'=HYPERLINK(1)", "issue", "'@Phone", "No number.", "1", "1"] in rows
    assert not [cell for row in rows for cell in row if cell[:1] in {"=", "+", "-", "@"}]


def test_the_report_in_words_says_all_of_it():
    text = as_text(REPORT)

    for said in ("dry run", "1 skipped: A blank record.", "locations: North", "not merged"):
        assert said in text
    assert "The file is damaged." in text
    assert text.endswith("Every record is accounted for.")
