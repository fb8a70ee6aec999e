from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

from clinical.patients.models import Patient
from onboarding.filemaker.fmp.inspect import inspect_file
from tenants.scope import tenant_scope


@pytest.fixture
def nexus(capsys, monkeypatch):
    """Runs the command; answers exit status and what it printed."""

    def run(*words):
        status = 0
        try:
            call_command("filemaker", *[str(word) for word in words])
        except SystemExit as end:
            status = end.code
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def test_inspect_prints_what_the_reader_finds(db, nexus, demo):
    status, out, _ = nexus("inspect", demo.path, "--json")

    assert status == 0
    assert json.loads(out) == inspect_file(demo.path)


def test_inspect_in_words_names_tables_and_counts(db, nexus, demo):
    status, out, _ = nexus("inspect", demo.path)

    assert status == 0
    assert f"Patients: {demo.patients} records" in out


def test_import_prints_the_reconciliation(alpha, nexus, demo):
    status, out, _ = nexus("import", demo.path, "--tenant", "alpha", "--json")

    report = json.loads(out)
    assert (status, report["holds"], report["dry_run"]) == (0, True, False)
    with tenant_scope(alpha):
        assert Patient.objects.count() == demo.patients - demo.blank_patients


def test_a_dry_run_keeps_nothing(alpha, nexus, demo):
    status, out, _ = nexus("import", demo.path, "--tenant", "alpha", "--dry-run")

    assert status == 0
    assert "Every record is accounted for." in out
    with tenant_scope(alpha):
        assert not Patient.objects.exists()


def test_a_mapping_file_is_used_instead_of_the_suggestion(alpha, nexus, demo, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text(
        json.dumps(
            {
                "format": 1,
                "tables": {
                    "129": {
                        "entity": "patient",
                        "fields": {"3": {"to": "given_names"}, "4": {"to": "family_name"}},
                    }
                },
            }
        )
    )

    status, out, _ = nexus("import", demo.path, "--tenant", "alpha", "--mapping", mapping, "--json")

    tables = {row["name"]: row["created"] for row in json.loads(out)["tables"]}
    assert status == 0
    assert tables["Patients"] == demo.patients - demo.blank_patients
    assert tables["Appointments"] == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"PK\x03\x04" + bytes(9_000), "zip-archive"), (b"", "empty-file")],
)
def test_a_file_that_cannot_be_read_is_an_error_with_a_remedy(
    alpha, nexus, tmp_path, content, code
):
    path = tmp_path / "Clinic.fmp12"
    path.write_bytes(content)

    status, out, _ = nexus("import", path, "--tenant", "alpha", "--json")

    error = json.loads(out)["error"]
    assert (status, error["code"]) == (1, code)
    assert error["remedy"]


def test_a_file_that_is_not_there_is_an_error(alpha, nexus, tmp_path):
    status, _, err = nexus("import", tmp_path / "no.fmp12", "--tenant", "alpha")

    assert status == 1
    assert "No such file" in err


def test_an_unknown_clinic_is_an_error(db, demo):
    with pytest.raises(CommandError, match="no open clinic"):
        call_command("filemaker", "import", str(demo.path), "--tenant", "nobody")


def test_a_wrong_mapping_is_an_error_and_keeps_nothing(alpha, nexus, demo, tmp_path):
    mapping = tmp_path / "mapping.json"
    mapping.write_text('{"format": 1, "tables": {"999": {"entity": "patient"}}}')

    status, _, err = nexus("import", demo.path, "--tenant", "alpha", "--mapping", mapping)

    assert status == 1
    assert "no table 999" in err


def test_a_full_re_import_is_asked_for_by_name(alpha, nexus, demo):
    nexus("import", demo.path, "--tenant", "alpha", "--json")

    status, out, _ = nexus("import", demo.path, "--tenant", "alpha", "--replace", "--json")

    report = json.loads(out)
    assert (status, report["totals"]["created"]) == (0, 0)
    assert report["replacement"]["by_hand"] == "keep"
    with pytest.raises(CommandError, match="--replace only"):
        call_command("filemaker", "import", str(demo.path), "--tenant", "alpha", "--remove-by-hand")
