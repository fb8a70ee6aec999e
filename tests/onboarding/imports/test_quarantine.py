"""Records that were set aside: corrected beside their own text, taken over, counted anew."""

from __future__ import annotations

import pytest

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from onboarding.imports import quarantine
from onboarding.imports.models import Correction, ImportRun, ImportSource, RowResult
from onboarding.imports.quarantine import CorrectionError
from onboarding.imports.services import import_file, mend_run, undo_run
from tenants.scope import Actor, tenant_scope

OWNER = Actor(label="Olive Owner")
OUTCOMES = ("created", "updated", "unchanged", "skipped", "quarantined")
PEOPLE = [
    {"ID_Patient": "1", "Name First": "Ann", "Name Last": "Lee"},
    {"ID_Patient": "2", "DOB": "1/2/1980", "Phone Home": "02 5550 1234"},
]
VISITS = [
    {"ID_Appointment": "1", "Patient ID": "1", "Date": "2/3/2026", "Start Time": "9:00"},
    {"ID_Appointment": "2", "Patient ID": "1", "Date": "31/02/2026", "Start Time": "9:00"},
    {"ID_Appointment": "3", "Patient ID": "77", "Date": "2/3/2026", "Start Time": "10:00"},
    {"ID_Appointment": "4", "Patient ID": "2", "Date": "2/3/2026", "Start Time": "11:00"},
]


@pytest.fixture
def path(clinic_file):
    return clinic_file(Patients=PEOPLE, Appointments=VISITS)


def loaded(tenant, path):
    import_file(tenant, path, actor=OWNER)
    return last_run(tenant)


def last_run(tenant):
    with tenant_scope(tenant):
        return ImportRun.objects.select_related("source", "mapping").first()


def table(report, name):
    return next(table for table in report["tables"] if table["name"] == name)


def result_of(run, table_name, record_id):
    table_id = table(run.report, table_name)["id"]
    return RowResult.objects.get(run=run, dry=False, table_id=table_id, record_id=record_id)


def place_of(opened, name):
    return next(cell.place for cell in opened.cells if cell.name == name)


def correct(tenant, run, table_name, record_id, *, cells=None, choices=None):
    with tenant_scope(tenant, actor=OWNER):
        result = result_of(run, table_name, record_id)
        opened = quarantine.open_record(run, result.table_id, record_id)
        named = {place_of(opened, name): text for name, text in (cells or {}).items()}
        quarantine.correct_record(run, result, cells=named, choices=choices or {}, actor=OWNER)


def test_records_are_grouped_by_why_they_were_set_aside(alpha, path):
    run = loaded(alpha, path)

    with tenant_scope(alpha):
        groups = quarantine.quarantine_groups(run)
    assert {(group.table, group.count) for group in groups} == {
        ("Patients", 1),
        ("Appointments", 1),
    }
    assert sum(group.count for group in groups) == run.report["totals"]["quarantined"] == 4


def test_a_corrected_date_lets_the_record_in_and_the_file_s_text_stays(alpha, path):
    run = loaded(alpha, path)
    correct(alpha, run, "Appointments", 2, cells={"Date": "28/02/2026"})

    report = mend_run(alpha, run.pk, actor=OWNER)

    visits = table(report, "Appointments")
    assert (visits["created"], visits["quarantined"]) == (2, 2)
    assert report["holds"] is True
    assert visits["source"] == sum(visits[outcome] for outcome in OUTCOMES)
    with tenant_scope(alpha):
        mended = result_of(run, "Appointments", 2)
        assert (mended.outcome, mended.is_mended) == ("created", True)
        visit = Appointment.objects.get(pk=mended.target_id)
        assert visit.starts_at.date().isoformat() in {"2026-02-27", "2026-02-28"}
        kept = Correction.objects.get()
        assert (kept.was, kept.text, kept.made_by) == ("31/02/2026", "28/02/2026", "Olive Owner")


def test_with_a_corrected_patient_come_the_visits(alpha, path):
    run = loaded(alpha, path)
    correct(alpha, run, "Patients", 2, cells={"Name Last": "Newname"})

    report = mend_run(alpha, run.pk, actor=OWNER)

    assert table(report, "Patients")["quarantined"] == 0
    with tenant_scope(alpha):
        found = Patient.objects.get(family_name="Newname")
        assert found.appointments.count() == 1


def test_a_patient_can_be_chosen_by_hand(alpha, path):
    run = loaded(alpha, path)
    with tenant_scope(alpha):
        ann = Patient.objects.get(family_name="Lee")
    correct(alpha, run, "Appointments", 3, choices={"patient": str(ann.pk)})

    mend_run(alpha, run.pk, actor=OWNER)

    with tenant_scope(alpha):
        assert ann.appointments.count() == 2


def test_what_is_not_there_cannot_be_chosen(alpha, beta, path):
    run = loaded(alpha, path)
    with tenant_scope(beta):
        theirs = Patient.objects.create(family_name="Neighbour")

    for picked in (str(theirs.pk), "nobody"):
        with pytest.raises(CorrectionError):
            correct(alpha, run, "Appointments", 3, choices={"patient": picked})


def test_leaving_out_needs_a_reason_and_moves_the_records_to_skipped(alpha, path):
    run = loaded(alpha, path)
    with tenant_scope(alpha, actor=OWNER):
        group = next(g for g in quarantine.quarantine_groups(run) if g.table == "Patients")
        results = quarantine.everything_of(run, group)
        with pytest.raises(CorrectionError):
            quarantine.leave_out(run, results, reason="  ", actor=OWNER)
        quarantine.leave_out(run, results, reason="A test record", actor=OWNER)

    report = mend_run(alpha, run.pk, actor=OWNER)

    people = table(report, "Patients")
    assert (people["skipped"], people["quarantined"]) == (1, 0)
    assert [row["reason"] for row in people["reasons"]] == [
        "Left out by Olive Owner: A test record"
    ]
    assert report["holds"] is True


def test_corrections_hold_for_the_next_import_and_end_when_the_file_is_mended(
    alpha, path, clinic_file
):
    run = loaded(alpha, path)
    correct(alpha, run, "Appointments", 2, cells={"Date": "28/02/2026"})
    first = import_file(alpha, path, actor=OWNER)

    assert table(first, "Appointments")["created"] == 1
    visits = [dict(visit) for visit in VISITS]
    visits[1]["Date"] = "27/02/2026"
    second = import_file(alpha, clinic_file(Patients=PEOPLE, Appointments=visits), actor=OWNER)
    found = table(second, "Appointments")
    assert found["updated"] == 1
    assert "correction_outdated" in {issue["code"] for issue in found["issues"]}


def test_undoing_the_import_takes_back_what_was_mended_too(alpha, path):
    run = loaded(alpha, path)
    correct(alpha, run, "Patients", 2, cells={"Name Last": "Newname"})
    mend_run(alpha, run.pk, actor=OWNER)

    undone = undo_run(alpha, run.pk, actor=OWNER)

    assert undone["kept"] == []
    with tenant_scope(alpha):
        assert not Patient.objects.exists()
        assert Correction.objects.count() == 1


def test_once_the_file_is_gone_the_text_is_still_there_and_the_page_says_what_to_do(alpha, path):
    run = loaded(alpha, path)
    with tenant_scope(alpha):
        from onboarding.imports.upload import discard_upload

        discard_upload(ImportSource.objects.get())
        opened = quarantine.open_record(run, result_of(run, "Patients", 2).table_id, 2)
        assert "02 5550 1234" in {cell.raw for cell in opened.cells}

    with pytest.raises(quarantine.StagedGoneError, match="Upload the file again"):
        mend_run(alpha, run.pk, actor=OWNER)

    assert last_run(alpha).state == "loaded"
    assert "Upload the file again" in last_run(alpha).error


def test_the_pages_of_it_are_for_those_who_may_import(alpha, path, sign_in):
    run = loaded(alpha, path)
    with tenant_scope(alpha):
        result = result_of(run, "Patients", 2)
    pages = [
        f"/settings/data/import/{run.pk}/quarantine/",
        f"/settings/data/import/{run.pk}/quarantine/{result.table_id}/2/",
    ]

    for page in pages:
        assert sign_in(alpha, "reception").get(page).status_code == 403
        shown = sign_in(alpha, "owner").get(page)
        assert shown.status_code == 200
    assert "02 5550 1234" in shown.text


def test_a_record_is_corrected_and_a_patient_found_on_its_page(alpha, path, sign_in):
    run = loaded(alpha, path)
    owner = sign_in(alpha, "owner")
    with tenant_scope(alpha):
        result = result_of(run, "Appointments", 3)
        ann = Patient.objects.get(family_name="Lee")
    page = f"/settings/data/import/{run.pk}/quarantine/{result.table_id}/3/"

    found = owner.post(page, {"find": "1", "q": "Lee"})
    assert str(ann.pk) in found.text
    kept = owner.post(page, {"choice-patient": str(ann.pk)})

    assert kept.status_code == 302
    with tenant_scope(alpha):
        assert Correction.objects.get().chosen_id == ann.pk
