"""Exports walk the same road as the database file, and lead to the same patients."""

from __future__ import annotations

import pytest

from clinical.patients.models import Patient
from onboarding.filemaker.exports.identity import column_ids
from onboarding.imports.models import ImportRun, ImportSource
from onboarding.imports.services import import_file, undo_run
from tenants.scope import tenant_scope


def people(clinic, *, drop_zeros=False):
    """Every patient as values that do not depend on where they came from."""
    with tenant_scope(clinic):
        patients = Patient.objects.prefetch_related("contact_points", "addresses", "identifiers")
        return sorted(
            (
                str(p.date_of_birth), p.family_name, p.given_names, p.title, p.preferred_name, p.sex,
                sorted((c.kind, c.value) for c in p.contact_points.all()),
                sorted((i.kind, i.value) for i in p.identifiers.all()),
                sorted(
                    (a.lines, a.suburb, a.state, a.postcode.lstrip("0") if drop_zeros else a.postcode)
                    for a in p.addresses.all()
                ),
                p.coordinator_name, str(p.plan_start), str(p.plan_end), p.alerts,
                p.extra.get("Weight kg"),
            )
            for p in patients
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["xml", "csv", "mer", "tab"])
def test_an_export_brings_the_same_patients_as_the_database_file(alpha, beta, demo, exported, kind):
    import_file(alpha, demo.path)

    report = import_file(beta, exported(kind))

    assert report["holds"] is True
    assert people(beta) == people(alpha)


def test_a_workbook_brings_the_same_patients_but_for_zeros_that_excel_drops_and_says_so(
    alpha, beta, demo, exported
):
    import_file(alpha, demo.path)

    report = import_file(beta, exported("xlsx"))

    assert report["holds"] is True
    assert people(beta) == people(alpha, drop_zeros=True)
    lost = next(warning for warning in report["warnings"] if warning["code"] == "zeros-lost")
    assert lost["columns"] == ["Postcode"]


@pytest.mark.parametrize("kind", ["xml", "csv", "xlsx"])
def test_an_export_imported_twice_creates_nothing(alpha, exported, kind):
    path = exported(kind)
    first = import_file(alpha, path)

    second = import_file(alpha, path)

    assert first["totals"]["created"] > 0
    assert second["totals"]["created"] == second["totals"]["updated"] == 0
    assert second["totals"]["unchanged"] == first["totals"]["created"]


def test_rows_in_another_order_and_a_changed_one_update_that_one(alpha, write, tmp_path):
    names = ["Patient ID", "Name First", "Name Last", "DOB"]
    rows = [[[str(n)], [f"Anna {n}"], ["Lee"], [f"{n}/05/1980"]] for n in range(1, 20)]
    import_file(alpha, write.text(tmp_path / "Patients.csv", rows, names=names))
    moved = [*rows[10:], *rows[:10]]
    moved[0] = [["11"], ["Anna 11"], ["Changed"], ["11/05/1980"]]

    report = import_file(alpha, write.text(tmp_path / "Patients June.csv", moved, names=names))

    assert report["totals"]["created"] == 0
    assert report["totals"]["updated"] == 1
    with tenant_scope(alpha):
        assert Patient.objects.get(family_name="Changed").given_names == "Anna 11"


def test_columns_in_another_order_are_the_same_columns(alpha, write, tmp_path):
    names = ["Patient ID", "Name First", "Name Last", "DOB"]
    rows = [[[str(n)], [f"Anna {n}"], ["Lee"], [f"{n}/05/1980"]] for n in range(1, 20)]
    import_file(alpha, write.text(tmp_path / "a.csv", rows, names=names))
    turned = [row[::-1] for row in rows]

    report = import_file(alpha, write.text(tmp_path / "b.csv", turned, names=names[::-1]))

    assert report["totals"]["created"] == report["totals"]["updated"] == 0


def test_equal_rows_are_all_brought_over_and_known_again(alpha, write, tmp_path):
    names = ["Name First", "Name Last", "DOB"]
    rows = [[["Anna"], ["Lee"], ["25/05/1980"]]] * 3
    path = write.text(tmp_path / "Patients.csv", rows, names=names)

    first = import_file(alpha, path)

    assert first["holds"] is True
    assert first["totals"]["created"] == 3
    assert import_file(alpha, path)["totals"]["created"] == 0


def test_an_export_that_announces_more_records_than_it_holds_says_so(alpha, write, tmp_path):
    columns = [("Name First", "text", 1), ("Name Last", "text", 1), ("DOB", "date", 1)]
    rows = [[["Anna"], ["Lee"], ["25/05/1980"]], [["Bob"], ["Roe"], ["26/05/1980"]]]
    path = write.xml(tmp_path / "Patients.xml", columns, rows, found=5)

    report = import_file(alpha, path)

    assert report["holds"] is True
    assert report["totals"]["created"] == 2
    assert "count-disagrees" in {warning["code"] for warning in report["warnings"]}


def test_two_files_without_names_do_not_share_a_mapping(alpha, write, tmp_path):
    rows = [[[f"Anna {n}"], ["Lee"], [f"{n}/05/1980"]] for n in range(1, 20)]
    others = [[[f"Chair {n}"], ["Hall"], [f"{n}/06/2021"]] for n in range(1, 20)]
    path = write.text(tmp_path / "a.csv", rows)
    given, family, born = (str(id_) for id_ in column_ids(["Column 1", "Column 2", "Column 3"]))
    fields = {given: {"to": "given_names"}, family: {"to": "family_name"}}
    spec = {
        "format": 1,
        "tables": {"1": {"entity": "patient", "fields": {**fields, born: {"to": "date_of_birth"}}}},
        "options": {"time_zone": "Australia/Sydney"},
    }
    import_file(alpha, path, mapping=spec)

    assert import_file(alpha, path)["totals"]["unchanged"] == 19
    assert import_file(alpha, write.text(tmp_path / "b.csv", others))["totals"]["created"] == 0


def test_undoing_an_export_leaves_nothing(alpha, exported):
    import_file(alpha, exported("csv"))
    with tenant_scope(alpha):
        run = ImportRun.objects.get()

    undo_run(alpha, run.pk)

    with tenant_scope(alpha):
        assert not Patient.objects.exists()
        assert ImportSource.objects.get().choices == {}
