from __future__ import annotations

import json

import pytest
from django.db import connection

from audit.models import Event
from billing_integrations.invoices.models import PastInvoice
from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact, PatientContact
from clinical.documents.models import Document, ImageBatch
from clinical.letters.models import Letter
from clinical.messages.models import Message, Reminder
from clinical.notes.models import Note
from clinical.patients.models import Address, ContactPoint, Patient, PatientIdentifier
from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner
from onboarding.imports import runs, services
from onboarding.imports.loading.engine import Loader
from onboarding.imports.mapping import MappingSpec
from onboarding.imports.models import (
    FileTask,
    ImportLink,
    ImportRun,
    ImportSource,
    Mapping,
    RowResult,
    StagedRecord,
)
from onboarding.imports.reports import as_text
from onboarding.imports.runs import AnotherRunError, WrongStateError
from onboarding.imports.services import check_run, import_file, load_run, read_file, undo_run
from onboarding.imports.upload import receive_file
from tenants.scope import Actor, tenant_scope

OWNER = Actor(label="Olive Owner")
OUTCOMES = ("created", "updated", "unchanged", "skipped", "quarantined")
LOADED = (
    Patient, ContactPoint, Address, PatientIdentifier, PatientContact, Contact, Appointment,
    Location, Practitioner, AppointmentType, FundingType, Note, Letter, Reminder, Message,
    Document, ImageBatch, PastInvoice,
)  # fmt: skip


def counts(tenant):
    with tenant_scope(tenant):
        return {model.__name__: model.objects.count() for model in LOADED}


def images(tenant):
    """Every row of the clinic's records as JSON, to tell whether anything is different."""
    with tenant_scope(tenant), connection.cursor() as cursor:
        found = {}
        for model in LOADED:
            # A document whose file is missing is touched: the file is sought again.
            unlike = "changed_at" if model is Document else ""
            cursor.execute(
                f'SELECT (to_jsonb(t) - %s)::text FROM "{model._meta.db_table}" t ORDER BY id',
                [unlike],
            )
            found[model.__name__] = [row for (row,) in cursor.fetchall()]
        return found


def table(report, name):
    return next(table for table in report["tables"] if table["name"] == name)


def issue_counts(report, name):
    return {issue["code"]: issue["count"] for issue in table(report, name)["issues"]}


def last_run(tenant):
    with tenant_scope(tenant):
        return ImportRun.objects.select_related("source").first()


def test_the_demo_clinic_arrives_with_every_record_accounted_for(alpha, demo):
    report = import_file(alpha, demo.path, actor=OWNER)

    assert report["holds"] is True
    for name, records in demo.records.items():
        found = table(report, name)
        assert found["source"] == records
        assert sum(found[outcome] for outcome in OUTCOMES) == records
    patients, visits = table(report, "Patients"), table(report, "Appointments")
    assert patients["created"] == demo.patients - demo.blank_patients
    assert patients["skipped"] == demo.blank_patients
    assert visits["skipped"] == demo.blank_appointments
    assert visits["quarantined"] == (
        demo.orphan_appointments + demo.appointments_with_unreadable_date
    )
    assert counts(alpha)["Patient"] == patients["created"]
    assert counts(alpha)["Appointment"] == visits["created"]
    assert counts(alpha)["Location"] == demo.clinics
    assert counts(alpha)["Practitioner"] == demo.clinicians
    assert counts(alpha)["AppointmentType"] == demo.appointment_types


def test_the_demo_clinics_history_arrives_to_the_last_record(alpha, demo):
    report = import_file(alpha, demo.path)

    created = {row["name"]: row["created"] for row in report["tables"] if row["entity"]}
    assert created["Notes"] == demo.notes - demo.orphan_notes
    for name in ("Letters", "Reminders", "SMS Messages", "Referrers", "Invoices"):
        assert created[name] == demo.records[name]
    assert created["Documents"] == demo.documents
    assert created["Images"] == demo.images
    assert issue_counts(report, "Documents")["unlinked"] == demo.documents_without_patient
    assert issue_counts(report, "Images")["unlinked"] == demo.images_without_patient
    assert issue_counts(report, "SMS Messages")["message_unlinked"] == (
        demo.messages_from_unknown_numbers
    )
    assert issue_counts(report, "Invoices")["uneven_lines"] == demo.invoices_with_uneven_lines
    with tenant_scope(alpha):
        files = demo.documents - demo.documents_without_file + demo.images
        assert FileTask.objects.count() == files
        assert Document.objects.filter(kind="document").count() == demo.documents
        missing = demo.documents_without_file + demo.documents_by_reference
        assert Document.objects.filter(state="missing").count() == missing
        assert Document.objects.filter(kind="image", batch=None).count() == 0
        assert not Note.objects.exclude(state="signed").exists()
        assert PastInvoice.objects.filter(lines=[]).count() == 0


def test_the_defects_of_the_demo_clinic_are_all_reported(alpha, demo):
    report = import_file(alpha, demo.path)

    patients, visits = issue_counts(report, "Patients"), issue_counts(report, "Appointments")
    assert patients["no_location"] == demo.patients_without_clinic
    assert patients["medicare_invalid"] == demo.invalid_medicare_numbers
    assert patients["email_unreadable"] == demo.invalid_emails
    assert patients["date_question"] == demo.bad_birth_dates["?"]
    assert patients["birth_ahead"] == demo.bad_birth_dates["future"]
    assert patients["date_century"] == demo.bad_birth_dates["two-digit year"]
    assert visits["no_location"] == demo.appointments_without_clinic
    assert visits["no_practitioner"] == demo.appointments_without_clinician_and_type
    assert visits["no_appointment_type"] == demo.appointments_without_clinician_and_type
    assert visits["practitioner_by_name"] == demo.clinician_names_as_keys
    assert visits["ends_early"] == demo.appointments_ending_before_start
    found = {group["evidence"]: group["count"] for group in report["duplicates"]}
    assert found["the same name and date of birth"] >= demo.duplicate_people


def test_what_has_no_place_is_kept_with_the_record(alpha, demo):
    import_file(alpha, demo.path)

    with tenant_scope(alpha):
        patients = list(Patient.objects.filter(extra__has_key="Weight kg"))
        link = ImportLink.objects.filter(target_type="patient").first()
        staged = StagedRecord.objects.get(table_id=link.table_id, record_id=link.record_id)
        visit = Appointment.objects.filter(extra__has_key="Invoice No").first()
    assert patients
    assert all(isinstance(patient.extra["Weight kg"], str) for patient in patients)
    assert link.raw == staged.payload
    assert visit is not None


def test_a_birth_date_that_cannot_be_read_keeps_its_text(alpha, demo):
    import_file(alpha, demo.path)

    with tenant_scope(alpha):
        odd = list(Patient.objects.filter(date_of_birth=None, extra__has_key="DOB"))
    kept = {patient.extra["DOB"] for patient in odd}
    assert {"?", "31/02/1975", "1/1/0205"} <= kept


def test_a_dry_run_reports_the_same_and_keeps_nothing(alpha, demo):
    before = images(alpha)

    dry = import_file(alpha, demo.path, dry_run=True)

    assert images(alpha) == before
    real = import_file(alpha, demo.path)
    same = ("tables", "totals", "configuration_from_words", "holds", "warnings")
    assert {key: dry[key] for key in same} == {key: real[key] for key in same}


def test_a_dry_run_takes_no_numbers_from_the_clinics_series(alpha, demo):
    import_file(alpha, demo.path, dry_run=True)
    import_file(alpha, demo.path)

    with tenant_scope(alpha):
        numbers = sorted(Patient.objects.values_list("number", flat=True))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[-1] < 10**6


def test_a_second_run_of_the_same_file_creates_nothing(alpha, demo):
    first = import_file(alpha, demo.path)
    before = images(alpha)

    second = import_file(alpha, demo.path)

    assert second["totals"]["created"] == second["totals"]["updated"] == 0
    assert second["totals"]["unchanged"] == first["totals"]["created"]
    assert second["source_key"] == first["source_key"]
    assert images(alpha) == before


def test_the_same_file_under_another_name_is_recognised(alpha, demo, tmp_path):
    import_file(alpha, demo.path)
    copy = tmp_path / "Clinic Backup 21 Nov.fmp12"
    copy.write_bytes(demo.path.read_bytes())

    report = import_file(alpha, copy)

    assert report["totals"]["created"] == 0


def test_undoing_a_run_leaves_the_clinic_exactly_as_it_was(alpha, demo):
    with tenant_scope(alpha):
        Patient.objects.create(given_names="Here", family_name="Before")
    before = images(alpha)
    import_file(alpha, demo.path)

    undone = undo_run(alpha, last_run(alpha).pk)

    assert images(alpha) == before
    assert undone["kept"] == []
    with tenant_scope(alpha):
        assert not ImportLink.objects.exists()
        assert not FileTask.objects.exists()
        assert Event.objects.filter(action="import.undo").count() == 1
        assert Event.objects.filter(object_type="patients_patient").count() > 0


def test_undoing_keeps_what_somebody_has_edited_since_and_lists_both_versions(alpha, demo):
    import_file(alpha, demo.path)
    with tenant_scope(alpha):
        edited = Patient.objects.filter(appointments=None).exclude(family_name="").first()
        was = edited.family_name
        edited.family_name = "Married-Name"
        edited.save()

    undone = undo_run(alpha, last_run(alpha).pk)

    with tenant_scope(alpha):
        left = list(Patient.objects.all())
    assert left == [edited]
    listed = next(kept for kept in undone["kept"] if kept["kind"] == "patient")
    assert (listed["loaded"]["family_name"], listed["now"]["family_name"]) == (was, "Married-Name")


def test_undoing_keeps_a_patient_who_was_booked_again_since(alpha, demo):
    import_file(alpha, demo.path)
    with tenant_scope(alpha):
        visit = Appointment.objects.exclude(patient=None).first()
        booked = Appointment.objects.create(
            patient=visit.patient, starts_at="2027-01-05T01:00Z", ends_at="2027-01-05T02:00Z"
        )

    undone = undo_run(alpha, last_run(alpha).pk)

    with tenant_scope(alpha):
        assert list(Patient.objects.all()) == [visit.patient]
        assert list(Appointment.objects.all()) == [booked]
    first, *others = [kept["why"] for kept in undone["kept"]]
    assert first == "still needed by: appointment"
    assert set(others) <= {"still needed by: patient", "still needed by: patient contact"}


def test_a_run_that_another_has_built_on_cannot_be_undone_first(alpha, demo, edited_copy):
    import_file(alpha, demo.path)
    first = last_run(alpha)
    import_file(alpha, edited_copy)

    with pytest.raises(runs.ImportRefusedError, match="Undo that one first"):
        undo_run(alpha, first.pk)

    with tenant_scope(alpha):
        assert ImportRun.objects.get(pk=first.pk).state == "failed"
        assert Patient.objects.count() > 0


def test_a_changed_file_updates_what_changed_and_creates_what_is_new(alpha, demo, edited_copy):
    import_file(alpha, demo.path)

    report = import_file(alpha, edited_copy)

    assert report["totals"]["created"] == 0
    assert table(report, "Patients")["updated"] == 3
    with tenant_scope(alpha):
        assert Patient.objects.filter(family_name="Changed").count() == 3


def test_an_edit_made_here_survives_a_changed_file_and_is_told(alpha, demo, edited_copy):
    import_file(alpha, demo.path)
    with tenant_scope(alpha):
        link = ImportLink.objects.filter(target_type="patient").order_by("record_id").first()
        Patient.objects.filter(pk=link.target_id).update(family_name="Edited Here")

    report = import_file(alpha, edited_copy)

    with tenant_scope(alpha):
        assert Patient.objects.get(pk=link.target_id).family_name == "Edited Here"
    assert issue_counts(report, "Patients")["kept_edit"] == 1


def test_undoing_an_update_brings_back_what_was_there(alpha, demo, edited_copy):
    import_file(alpha, demo.path)
    before = images(alpha)
    import_file(alpha, edited_copy)

    undone = undo_run(alpha, last_run(alpha).pk)

    assert undone["kept"] == []
    assert images(alpha) == before
    assert import_file(alpha, demo.path)["totals"]["updated"] == 0


def test_a_patient_deleted_here_is_not_brought_back(alpha, demo):
    import_file(alpha, demo.path)
    with tenant_scope(alpha):
        gone = Patient.objects.filter(appointments=None).first()
        gone.delete()

    report = import_file(alpha, demo.path)

    reasons = {row["reason"]: row["count"] for row in table(report, "Patients")["reasons"]}
    assert reasons["Deleted here since the last import."] == 1
    assert report["totals"]["created"] == 0


def test_the_neighbour_sees_nothing_of_it(alpha, beta, demo):
    import_file(alpha, demo.path)

    assert set(counts(beta).values()) == {0}
    with tenant_scope(beta):
        for model in (ImportRun, ImportSource, StagedRecord, RowResult, Mapping, ImportLink):
            assert not model.objects.exists()


def test_an_import_that_breaks_in_the_middle_leaves_the_clinic_as_it_was(alpha, demo, monkeypatch):
    before = images(alpha)
    original = Loader._load_table

    def dies_at_the_appointments(self, rule, records):
        if rule.entity == "appointment":
            raise MemoryError
        original(self, rule, records)

    monkeypatch.setattr(Loader, "_load_table", dies_at_the_appointments)
    with pytest.raises(MemoryError):
        import_file(alpha, demo.path)

    assert images(alpha) == before
    stopped = last_run(alpha)
    assert (stopped.state, stopped.failed_in) == ("failed", "loading")
    assert "MemoryError" in stopped.error
    monkeypatch.setattr(Loader, "_load_table", original)
    assert load_run(alpha, stopped.pk, live=False)["holds"] is True


def prepared_run(tenant, path):
    with tenant_scope(tenant, actor=OWNER):
        run = runs.begin_run(receive_file(path, actor=OWNER), actor=OWNER)
    read_file(tenant, run.pk, actor=OWNER, live=False)
    with tenant_scope(tenant, actor=OWNER):
        run.refresh_from_db()
        services.save_mapping(run, services.proposed_spec(run), actor=OWNER)
    return run


def test_loading_before_a_dry_run_is_refused(alpha, demo):
    run = prepared_run(alpha, demo.path)

    with tenant_scope(alpha), pytest.raises(WrongStateError):
        services.request_step(run.pk, ImportRun.State.LOADING)
    with pytest.raises(WrongStateError):
        load_run(alpha, run.pk, live=False)

    assert counts(alpha)["Patient"] == 0


def test_a_second_import_is_refused_while_one_is_at_work(alpha, demo):
    one, other = prepared_run(alpha, demo.path), prepared_run(alpha, demo.path)
    with tenant_scope(alpha):
        services.request_step(one.pk, ImportRun.State.CHECKING)

    with pytest.raises(AnotherRunError):
        check_run(alpha, other.pk, live=False)

    with tenant_scope(alpha):
        assert ImportRun.objects.get(pk=other.pk).state == "mapped"


def test_a_changed_mapping_takes_the_dry_run_back(alpha, demo):
    run = prepared_run(alpha, demo.path)
    check_run(alpha, run.pk, live=False)
    with tenant_scope(alpha, actor=OWNER):
        spec = services.proposed_spec(ImportRun.objects.get(pk=run.pk)).as_json()
        spec["options"]["default_minutes"] = 45
        services.save_mapping(run, MappingSpec.from_json(spec), actor=OWNER)

    with pytest.raises(WrongStateError):
        load_run(alpha, run.pk, live=False)


def test_the_confirmed_mapping_is_used_again_for_the_same_solution(alpha, demo):
    run = prepared_run(alpha, demo.path)
    with tenant_scope(alpha, actor=OWNER):
        spec = services.proposed_spec(ImportRun.objects.get(pk=run.pk)).as_json()
        spec["tables"]["129"]["fields"].pop("6")
        services.save_mapping(run, MappingSpec.from_json(spec), actor=OWNER)

    again = prepared_run(alpha, demo.path)

    with tenant_scope(alpha):
        again.refresh_from_db()
        assert again.mapping.version == 2
        assert "6" not in again.mapping.spec["tables"]["129"]["fields"]


def test_the_reports_hold_no_values_of_patients(alpha, demo):
    report = import_file(alpha, demo.path)
    with tenant_scope(alpha):
        names = set(Patient.objects.exclude(family_name="").values_list("family_name", flat=True))
        mails = set(ContactPoint.objects.filter(kind="email").values_list("value", flat=True))
        rows = " ".join(f"{row.reason} {json.dumps(row.issues)}" for row in RowResult.objects.all())
    text = f"{json.dumps(report['tables'])} {rows} {as_text(report)}"
    assert not [mail for mail in mails if mail in text]
    assert not [name for name in names if len(name) > 5 and f" {name} " in text]


def test_mapping_another_table_brings_earlier_records_up_to_it(alpha, clinic_file):
    path = clinic_file(
        Patients=[{"ID_Patient": "1", "Name First": "Ann", "Name Last": "Lee", "Clinic ID": "1"}],
        Clinics=[{"ID_Clinic": "1", "Clinic Name": "Northside"}],
    )
    patients = {
        "entity": "patient",
        "fields": {
            "3": {"to": "given_names"},
            "4": {"to": "family_name"},
            "20": {"to": "location", "via": {"table": 132, "field": 1}},
        },
    }
    clinics = {"entity": "location", "fields": {"2": {"to": "name"}}}
    import_file(alpha, path, mapping={"format": 1, "tables": {"129": patients}})
    with tenant_scope(alpha):
        assert Patient.objects.get().location is None

    both = {"format": 1, "tables": {"129": patients, "132": clinics}}
    report = import_file(alpha, path, mapping=both)

    assert table(report, "Patients")["updated"] == 1
    with tenant_scope(alpha):
        assert Patient.objects.get().location.name == "Northside"


@pytest.mark.parametrize("work", ["added", "edited", "removed"])
def test_undoing_keeps_a_patient_whose_phone_somebody_has_worked_on(alpha, clinic_file, work):
    ann = {"ID_Patient": "1", "Name First": "Ann", "Name Last": "Lee", "Mobile": "0491 570 006"}
    bob = {"ID_Patient": "2", "Name First": "Bob", "Name Last": "Ray", "Mobile": "0491 570 156"}
    import_file(alpha, clinic_file(Patients=[ann, bob, {**bob, "ID_Patient": "3"}]))
    with tenant_scope(alpha):
        patient = Patient.objects.get(family_name="Lee")
        phone = patient.contact_points.get()
        if work == "added":
            patient.contact_points.create(kind="home", value="5550 1234")
        elif work == "edited":
            phone.value = "0491 570 157"
            phone.save()
        else:
            phone.delete()

    undone = undo_run(alpha, last_run(alpha).pk)

    assert [(kept["kind"], kept["why"]) for kept in undone["kept"]] == [("patient", "edited since")]
    with tenant_scope(alpha):
        assert list(Patient.objects.all()) == [patient]
        assert patient.identifiers.exists()


def test_undoing_an_update_takes_its_phones_back_too(alpha, clinic_file):
    ann = {"ID_Patient": "1", "Name First": "Ann", "Name Last": "Lee", "Suburb": "Glenelg"}
    ann |= {"Mobile": "0491 570 006", "Email": "ann@example.com"}
    others = [{**ann, "ID_Patient": str(n), "Name First": f"A{n}"} for n in range(2, 5)]
    import_file(alpha, clinic_file(Patients=[ann, *others]))
    before = images(alpha)
    moved = {**ann, "Mobile": "0491 570 157"}
    report = import_file(alpha, clinic_file(Patients=[moved, *others]))
    assert report["totals"]["updated"] == 1
    with tenant_scope(alpha):
        phones = Patient.objects.get(given_names="Ann").contact_points.filter(kind="mobile")
        assert [phone.value for phone in phones] == ["0491 570 157"]

    undone = undo_run(alpha, last_run(alpha).pk)

    assert undone["kept"] == []
    assert images(alpha) == before
