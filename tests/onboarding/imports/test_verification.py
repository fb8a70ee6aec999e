"""A loaded import held against its file again, and the report kept with it."""

from __future__ import annotations

import csv
import io

import pytest

from clinical.patients.models import Patient
from onboarding.imports import reports, runs, services, verification
from onboarding.imports.models import ImportLink, ImportRun, ImportSource, Verification
from onboarding.imports.services import import_file
from onboarding.imports.upload import discard_upload, receive_file
from onboarding.imports.verification import VerificationError, request_verification, verify
from tenants.scope import Actor, tenant_scope

OWNER = Actor(label="Olive Owner")


def last_run(tenant):
    with tenant_scope(tenant):
        return ImportRun.objects.select_related("source", "mapping").first()


def staged_anew(tenant, path):
    """The file uploaded once more and read, as a clinic does a year later; nothing is imported."""
    with tenant_scope(tenant, actor=OWNER):
        source = receive_file(path, actor=OWNER)
        run = runs.begin_run(source, actor=OWNER)
    services.read_file(tenant, run.pk, actor=OWNER, live=False)
    with tenant_scope(tenant):
        return ImportSource.objects.get(pk=source.pk)


def compared(tenant, run, source):
    with tenant_scope(tenant, actor=OWNER):
        asked = request_verification(run, source, actor=OWNER)
    return verify(tenant, asked.pk, actor=OWNER)


def counts(found, name):
    return next(t["counts"] for t in found.report["tables"] if t["name"] == name)


def test_the_same_file_a_year_later_agrees_though_the_first_copy_is_gone(alpha, demo):
    import_file(alpha, demo.path, actor=OWNER)
    run = last_run(alpha)
    with tenant_scope(alpha):
        discard_upload(run.source)

    found = compared(alpha, run, staged_anew(alpha, demo.path))

    assert found.report["agrees"] is True
    assert found.report["same_file"] is True
    people = counts(found, "Patients")
    assert people[verification.SAME] == demo.patients - demo.blank_patients
    assert all(table["differing"] == [] for table in found.report["tables"])
    assert found.state == Verification.State.DONE


def test_it_tells_what_was_edited_here_deleted_here_and_changed_there(alpha, demo, edited_copy):
    import_file(alpha, demo.path, actor=OWNER)
    run = last_run(alpha)
    with tenant_scope(alpha):
        links = ImportLink.objects.filter(target_type="patient").order_by("-record_id")
        edited = Patient.objects.get(pk=links[0].target_id)
        edited.alerts = "Falls"
        edited.save()
        gone = Patient.objects.filter(
            appointments=None, documents=None, clinical_notes=None
        ).exclude(pk=edited.pk)
        deleted = gone.first()
        if deleted:
            deleted.contact_points.all().delete()
            Patient.objects.filter(pk=deleted.pk).delete()

    found = compared(alpha, run, staged_anew(alpha, edited_copy))

    people = counts(found, "Patients")
    assert found.report["agrees"] is False
    assert people[verification.CHANGED] == 3
    assert people[verification.EDITED] == 1
    if deleted:
        assert people[verification.DELETED] == 1
    table = next(t for t in found.report["tables"] if t["name"] == "Patients")
    where = {row["what"]: row.get("fields") for row in table["examples"]}
    assert where[verification.CHANGED] == ["Name Last"]
    assert where[verification.EDITED] == ["alerts"]


def test_another_solution_s_file_and_an_undone_import_are_refused(alpha, demo, clinic_file):
    import_file(alpha, demo.path, actor=OWNER)
    run = last_run(alpha)
    other = staged_anew(alpha, clinic_file(Patients=[{"Name Last": "Else"}]))

    with tenant_scope(alpha), pytest.raises(VerificationError, match="not a file of the same"):
        request_verification(run, other, actor=OWNER)
    services.undo_run(alpha, run.pk)
    with tenant_scope(alpha), pytest.raises(VerificationError, match="loaded"):
        request_verification(last_run(alpha), run.source, actor=OWNER)


# ── the report itself ────────────────────────────────────────────────────────────────────────────


def test_every_column_adds_up_between_the_file_and_what_is_kept(alpha, demo):
    report = import_file(alpha, demo.path, actor=OWNER)

    columns = [column for of_table in report["columns"].values() for column in of_table]
    assert len(columns) > 50
    assert [column["name"] for column in columns if not column["same"]] == []
    assert all(column["taken"] <= column["filled"] for column in columns)
    patients = next(t for t in report["tables"] if t["name"] == "Patients")
    born = next(c for c in report["columns"][str(patients["id"])] if c["name"] == "DOB")
    assert born["first"] < born["last"]
    assert born["here"] <= born["taken"]
    with tenant_scope(alpha):
        assert born["here"] == Patient.objects.exclude(date_of_birth=None).count()


def test_configuration_is_proved_untouched_and_the_checks_pass(alpha, demo):
    import_file(alpha, demo.path, actor=OWNER)

    report = import_file(alpha, demo.path, actor=OWNER)

    assert all(kept["same"] for kept in report["preserved"])
    assert sum(kept["added"] for kept in report["preserved"]) == 0
    assert [check["name"] for check in report["checks"] if not check["ok"]] == []
    assert report["snapshot"]["rows"] > demo.patients
    numbers = [line["number"] for line in report["phases"]]
    assert numbers == sorted(numbers)
    assert set(numbers) >= {0, 1, 2, 3, 4, 8}


def test_the_snapshot_holds_every_row_and_is_sealed(alpha, demo):
    from onboarding.imports import snapshot

    import_file(alpha, demo.path, actor=OWNER)
    import_file(alpha, demo.path, actor=OWNER)
    run = last_run(alpha)

    with tenant_scope(alpha):
        assert snapshot.differences(run.snapshot) == []
        rows = list(snapshot.read_lines(run.snapshot["key"]))
        assert len(rows) == run.snapshot["rows"]
        someone = Patient.objects.exclude(family_name="").first()
        sealed = b"".join(snapshot._blocks(run.snapshot["key"]))
        assert someone.family_name.encode() not in sealed
        snapshot.discard_snapshot(run)
        assert run.snapshot["key"] == ""
        assert run.snapshot["rows"] > 0


def test_incomplete_records_stop_the_load_where_the_clinic_wants_that(alpha, demo):
    import_file(alpha, demo.path, actor=OWNER, dry_run=True)
    run = last_run(alpha)
    with tenant_scope(alpha):
        ImportRun.objects.filter(pk=run.pk).update(stops_at_gaps=True)

    with pytest.raises(runs.ImportRefusedError, match="records are incomplete"):
        services.load_run(alpha, run.pk, actor=OWNER, live=False)

    with tenant_scope(alpha):
        assert not Patient.objects.exists()
        assert "set aside, where you can complete them" in last_run(alpha).error


def test_the_report_comes_as_pdf_and_as_sheets(alpha, demo, sign_in):
    report = import_file(alpha, demo.path, actor=OWNER)
    run = last_run(alpha)
    owner = sign_in(alpha, "owner")
    page = f"/settings/data/import/{run.pk}/"

    pdf = owner.get(f"{page}report.pdf")
    sheet = list(csv.reader(io.StringIO(owner.get(f"{page}columns.csv").text)))

    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert len(sheet) == 1 + sum(len(of_table) for of_table in report["columns"].values())
    assert {row[8] for row in sheet[1:]} == {"yes"}
    assert owner.get(f"{page}columns/").status_code == 200
    assert sign_in(alpha, "reception").get(f"{page}report.pdf").status_code == 403


def test_markup_in_a_file_s_name_is_only_text_in_the_pdf(alpha, clinic_file, sign_in):
    path = clinic_file(Patients=[{"Name Last": "#panic()"}])
    odd = path.with_name('#eval("1") $x$ *a* .fmp12')
    path.rename(odd)
    import_file(alpha, odd, actor=OWNER)

    answer = sign_in(alpha, "owner").get(f"/settings/data/import/{last_run(alpha).pk}/report.pdf")

    assert answer.content.startswith(b"%PDF-")
    with tenant_scope(alpha):
        run = last_run(alpha)
        shown = reports.for_pdf(run, run.report, clinic="A", at=run.loaded_at)
    assert shown["file"] == odd.name
