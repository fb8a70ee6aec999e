from __future__ import annotations

from datetime import UTC, datetime

from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, FundingType, Location, Practitioner
from onboarding.imports.loading.building import BUILDERS
from onboarding.imports.models import ImportLink, RowResult
from onboarding.imports.services import import_file
from tenants.scope import tenant_scope

ANN = {"ID_Patient": "1001", "Name First": "Ann", "Name Last": "Lee", "Sex": "F"}
BOB = {"ID_Patient": "1002", "Name First": "Bob", "Name Last": "Ray", "Sex": "M"}
NORTH = {"ID_Clinic": "1", "Clinic Name": "Northside", "Short Code": "NS"}
VISIT = {"Patient ID": "1001", "Date": "5/01/2026", "Start Time": "9:00:00", "Status": "Booked"}


def table(report, name):
    return next(table for table in report["tables"] if table["name"] == name)


def issues(report, name):
    return {issue["code"]: issue["count"] for issue in table(report, name)["issues"]}


def reasons(report, name):
    return {(row["outcome"], row["reason"]): row["count"] for row in table(report, name)["reasons"]}


def test_a_visit_is_put_at_its_wall_clock_in_the_clinics_zone(alpha, clinic_file):
    import_file(alpha, clinic_file(Patients=[ANN, BOB], Appointments=[VISIT, VISIT]))

    with tenant_scope(alpha):
        visit = Appointment.objects.first()
        assert visit.patient.full_name == "Ann Lee"
        assert visit.starts_at == datetime(2026, 1, 4, 22, 0, tzinfo=UTC)
        assert visit.ends_at == datetime(2026, 1, 4, 22, 30, tzinfo=UTC)


def test_the_hour_that_the_clocks_skip_and_the_one_they_repeat_are_told(alpha, clinic_file):
    skipped = {**VISIT, "Date": "4/10/2026", "Start Time": "2:30:00"}
    twice = {**VISIT, "Date": "5/04/2026", "Start Time": "2:30:00"}

    report = import_file(alpha, clinic_file(Patients=[ANN, BOB], Appointments=[skipped, twice]))

    assert issues(report, "Appointments").items() >= {"clock_gap": 1, "clock_twice": 1}.items()
    with tenant_scope(alpha):
        assert set(Appointment.objects.values_list("starts_at", flat=True)) == {
            datetime(2026, 10, 3, 16, 30, tzinfo=UTC),
            datetime(2026, 4, 4, 15, 30, tzinfo=UTC),
        }
        assert all("clocks went" in visit.source_note for visit in Appointment.objects.all())


def test_visits_that_cannot_be_placed_are_set_aside_with_the_reason(alpha, clinic_file):
    no_date = {**VISIT, "Date": "?"}
    orphan = {**VISIT, "Patient ID": "9999"}
    nobody = {key: value for key, value in VISIT.items() if key != "Patient ID"}

    report = import_file(
        alpha, clinic_file(Patients=[ANN, BOB], Appointments=[VISIT, no_date, orphan, nobody])
    )

    assert reasons(report, "Appointments") == {
        ("quarantined", "No valid date. FileMaker itself could not read this date (“?”)."): 1,
        ("quarantined", "Its patient is not among the patients."): 1,
        ("quarantined", "No patient is given."): 1,
    }
    assert table(report, "Appointments")["created"] == 1


def test_a_visit_of_a_patient_who_was_set_aside_says_so(alpha, clinic_file):
    nameless = {"ID_Patient": "1003", "Email": "who@example.com"}
    visit = {**VISIT, "Patient ID": "1003"}

    report = import_file(
        alpha, clinic_file(Patients=[ANN, BOB, nameless], Appointments=[VISIT, visit])
    )

    assert reasons(report, "Patients") == {
        ("quarantined", "No name: a patient needs at least one."): 1
    }
    assert reasons(report, "Appointments") == {
        ("quarantined", "Its patient was set aside or skipped."): 1
    }


def test_a_number_that_two_patients_carry_sets_the_visit_aside(alpha, clinic_file):
    twin = {**BOB, "ID_Patient": "1001"}

    report = import_file(alpha, clinic_file(Patients=[ANN, twin], Appointments=[VISIT]))

    assert reasons(report, "Appointments") == {
        ("quarantined", "More than one patient has that number."): 1
    }


def test_numbers_refer_as_filemaker_compares_them(alpha, clinic_file):
    visit = {**VISIT, "Patient ID": "01001.0"}

    report = import_file(alpha, clinic_file(Patients=[ANN, BOB], Appointments=[visit]))

    assert table(report, "Appointments")["created"] == 1


def test_what_is_missing_stays_empty_and_is_told(alpha, clinic_file):
    with_place = {**ANN, "Clinic ID": "1"}
    astray = {**BOB, "Clinic ID": "77"}
    third = {**BOB, "ID_Patient": "1004"}

    report = import_file(alpha, clinic_file(Patients=[with_place, astray, third], Clinics=[NORTH]))

    assert issues(report, "Patients").items() >= {"no_location": 1, "unknown_location": 1}.items()
    with tenant_scope(alpha):
        places = dict(Patient.objects.values_list("number", "location__name"))
        assert sorted(places.values(), key=str) == [None, None, "Northside"] or sorted(
            places.values(), key=str
        ) == ["Northside", None, None]
        assert Patient.objects.get(extra__has_key="Clinic ID").extra["Clinic ID"] == "77"


def test_words_in_fields_become_configuration_once(alpha, clinic_file):
    rows = [
        {**VISIT, "Type": "Home Visit", "Clinician ID": "Dr Jo Kay"},
        {**VISIT, "Type": "home visit", "Clinician ID": "Kay, Jo"},
    ]
    patients = [{**ANN, "Funding Type": "NDIS"}, {**BOB, "Funding Type": "ndis "}]

    report = import_file(alpha, clinic_file(Patients=patients, Appointments=rows))

    assert report["configuration_from_words"] == [
        {"entity": "appointment_type", "names": ["Home Visit"]},
        {"entity": "funding_type", "names": ["NDIS"]},
        {"entity": "practitioner", "names": ["Dr Jo Kay"]},
    ]
    with tenant_scope(alpha):
        assert AppointmentType.objects.count() == 1
        assert FundingType.objects.count() == 1
        assert Practitioner.objects.count() == 1


def test_configuration_that_is_already_here_is_not_doubled(alpha, clinic_file):
    with tenant_scope(alpha):
        mine = Location.objects.create(name="NORTHSIDE", phone="1")

    report = import_file(
        alpha, clinic_file(Patients=[{**ANN, "Clinic ID": "1"}, BOB], Clinics=[NORTH])
    )

    assert table(report, "Clinics")["unchanged"] == 1
    with tenant_scope(alpha):
        assert list(Location.objects.values_list("name", "phone")) == [("NORTHSIDE", "1")]
        assert Patient.objects.get(family_name="Lee").location == mine


def test_people_who_may_be_here_twice_are_listed_and_not_merged(alpha, clinic_file):
    ann = {**ANN, "DOB": "3/04/1980"}
    again = {**ann, "ID_Patient": "1003", "Name First": "ANN", "Name Last": "Lée"}

    report = import_file(alpha, clinic_file(Patients=[ann, BOB, again]))

    (found,) = report["duplicates"]
    assert found["evidence"] == "the same name and date of birth"
    assert [group["records"] for group in found["groups"]] == [[1, 3]]
    with tenant_scope(alpha):
        assert Patient.objects.count() == 3


def test_a_record_the_database_refuses_is_set_aside_and_the_others_are_loaded(
    alpha, clinic_file, monkeypatch
):
    build = BUILDERS["patient"]

    def numbers_bob_zero(record, shop):
        built = build(record, shop)
        is_bob = built.main["given_names"] == "Bob"
        built.main["number"] = 0 if is_bob else 10**6 + record.record_id
        return built

    monkeypatch.setitem(BUILDERS, "patient", numbers_bob_zero)
    report = import_file(alpha, clinic_file(Patients=[ANN, BOB, {**ANN, "ID_Patient": "3"}]))

    assert reasons(report, "Patients") == {
        ("quarantined", "The database refused it (patients_patient_number_positive)."): 1
    }
    assert table(report, "Patients")["created"] == 2
    assert report["holds"] is True


def test_every_record_of_a_table_that_is_taken_has_its_row_in_the_account(alpha, clinic_file):
    import_file(alpha, clinic_file(Patients=[ANN, {}, BOB]))

    with tenant_scope(alpha):
        rows = RowResult.objects.order_by("record_id").values_list("record_id", "outcome")
        links = ImportLink.objects.order_by("record_id").values_list("record_id", flat=True)
        assert list(rows) == [(1, "created"), (2, "skipped"), (3, "created")]
        assert list(links) == [1, 3]


def test_a_visit_without_a_status_is_judged_by_its_time(alpha, clinic_file):
    past = {key: value for key, value in VISIT.items() if key != "Status"}
    ahead = {**past, "Date": "5/01/2028"}

    import_file(alpha, clinic_file(Patients=[ANN, BOB], Appointments=[past, ahead]))

    with tenant_scope(alpha):
        assert list(Appointment.objects.values_list("status", flat=True)) == [
            "completed",
            "booked",
        ]


def test_a_status_word_nobody_knows_is_kept_with_the_visit(alpha, clinic_file):
    odd = {**VISIT, "Status": "Purple"}
    booked = [VISIT] * 4

    report = import_file(alpha, clinic_file(Patients=[ANN, BOB], Appointments=[*booked, odd]))

    assert issues(report, "Appointments")["status_word"] == 1
    with tenant_scope(alpha):
        assert Appointment.objects.get(extra__has_key="Status").extra["Status"] == "Purple"


def test_where_nothing_may_be_created_unknown_words_are_kept_and_told(alpha, clinic_file):
    spec = {
        "format": 1,
        "options": {"create_missing": False},
        "tables": {
            "129": {
                "entity": "patient",
                "fields": {
                    "3": {"to": "given_names"},
                    "4": {"to": "family_name"},
                    "21": {"to": "funding_type"},
                },
            }
        },
    }

    report = import_file(
        alpha, clinic_file(Patients=[{**ANN, "Funding Type": "NDIS"}]), mapping=spec
    )

    assert issues(report, "Patients") == {"unknown_funding_type": 1}
    with tenant_scope(alpha):
        assert not FundingType.objects.exists()
        assert Patient.objects.get().extra["Funding Type"] == "NDIS"


def test_a_file_without_people_is_accounted_for_and_says_so(alpha, clinic_file):
    report = import_file(alpha, clinic_file(zz_Globals=[{"Setting": "x"}]))

    assert report["holds"] is True
    assert report["totals"]["skipped"] == report["totals"]["source"] == 1
    assert [warning["code"] for warning in report["warnings"]] == ["nothing-taken"]
