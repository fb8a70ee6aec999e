"""Every real sample file that opens, from end to end: the law holds, twice creates nothing, undo undoes."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinical.patients.models import Patient
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.fmp.reader import open_file
from onboarding.imports.models import ImportRun
from onboarding.imports.services import import_file, undo_run
from tenants.scope import tenant_scope

OUTCOMES = ("created", "updated", "unchanged", "skipped", "quarantined")
CONTACTS = {
    "atroup__filemaker-rest-connector__Contacts.fmp12": ("Contacts", 1000),
    "SoliantMike__FM-ExecuteSQLAsYouType__ExecuteSQL_Search.fmp12": ("contacts", 500),
    "SoliantMike__FM-js_ExcelSheets__js_ExcelSheets.fmp12": ("Contacts", 10),
    "chivalry__fm-library__QuickFind.fmp12": ("SampleData", 3000),
    "joshormond__ooe-fm__Ooe.fmp12": ("Contacts", 3),
}


def bitmap_counts(path):
    with open_file(path) as file:
        return {table.name: table.record_count for table in file.tables()}


@pytest.mark.parametrize("name", CONTACTS)
def test_contacts_of_a_real_file_arrive_as_patients(alpha, samples, name):
    table, expected = CONTACTS[name]

    report = import_file(alpha, samples / name)

    assert report["holds"] is True
    found = next(row for row in report["tables"] if row["name"] == table)
    assert (found["entity"], found["source"], found["created"]) == ("patient", expected, expected)
    with tenant_scope(alpha):
        assert Patient.objects.count() == expected
        assert not Patient.objects.filter(family_name="", given_names="").exists()


def test_the_law_holds_for_every_sample_that_opens(alpha, samples):
    imported = 0
    for path in sorted(samples.iterdir()):
        try:
            counts = bitmap_counts(path)
            report = import_file(alpha, path, dry_run=True)
        except FileMakerFileError:
            continue
        imported += 1
        assert {row["name"]: row["source"] for row in report["tables"]} == counts, path.name
        for row in report["tables"]:
            assert row["source"] == sum(row[outcome] for outcome in OUTCOMES), path.name
    assert imported >= 28


def test_a_real_file_twice_creates_nothing_and_undone_leaves_nothing(alpha, samples):
    path = samples / "atroup__filemaker-rest-connector__Contacts.fmp12"
    import_file(alpha, path)
    with tenant_scope(alpha):
        run = ImportRun.objects.get()

    assert import_file(alpha, path)["totals"]["created"] == 0
    undo_run(alpha, run.pk)

    with tenant_scope(alpha):
        assert not Patient.objects.exists()


def test_two_files_of_one_name_are_not_taken_for_each_other(alpha, samples, tmp_path):
    ours = tmp_path / "Contacts.fmp12"
    theirs = Path(tmp_path / "other" / "Contacts.fmp12")
    theirs.parent.mkdir()
    ours.write_bytes((samples / "atroup__filemaker-rest-connector__Contacts.fmp12").read_bytes())
    theirs.write_bytes((samples / "SoliantMike__FM-DocumentFieldIDs__Contacts.fmp12").read_bytes())
    first = import_file(alpha, ours)

    second = import_file(alpha, theirs)

    assert first["source_key"] != second["source_key"]
    assert second["totals"]["created"] == 1
    assert second["totals"]["updated"] == 0
