from __future__ import annotations

from onboarding.filemaker.exports.inspect import inspect_export


def test_what_is_in_an_export_is_counted(write, tmp_path):
    rows = [[["1"], ["Anna", "Ann"]], [[""], [""]], [["2"], ["Bob"]]]
    path = write.text(tmp_path / "Patients.csv", rows, names=["ID", "Name"])

    found = inspect_export(path)

    (table,) = found["tables"]
    assert (table["name"], table["records"], table["records_with_data"], table["cells"]) == (
        "Patients", 3, 2, 5,
    )  # fmt: skip
    assert [(field["name"], field["reps"]) for field in table["fields"]] == [("ID", 1), ("Name", 2)]
