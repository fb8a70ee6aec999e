from __future__ import annotations

from datetime import date

import pytest

from onboarding.filemaker.fmp.reader import open_file
from onboarding.imports.mapping import Via
from onboarding.imports.mapping_check import check_spec
from onboarding.imports.profile import TableTally
from onboarding.imports.structure import Structure
from onboarding.imports.suggest import suggest

TODAY = date(2026, 11, 21)


def suggested(path):
    with open_file(path) as file:
        structure = Structure.of(file)
        tables = []
        for table in structure.tables:
            tally = TableTally(table, structure, TODAY)
            for record in file.records(table.id):
                tally.take(record)
            tables.append(tally.as_json())
    spec = suggest(structure, {"tables": tables}, time_zone="Australia/Sydney")
    return structure, spec


def by_name(structure, spec, table_name):
    table = next(table for table in structure.tables if table.name == table_name)
    rule = spec.table(table.id)
    return rule.entity, {table.field(field.field_id).name: field.to for field in rule.fields}


def test_the_demo_clinic_is_mapped_whole(demo):
    structure, spec = suggested(demo.path)

    assert {structure.table(rule.table_id).name: rule.entity for rule in spec.tables} == {
        "Patients": "patient",
        "Appointments": "appointment",
        "Notes": "note",
        "Clinics": "location",
        "Clinicians": "practitioner",
        "Appointment Types": "appointment_type",
        "Documents": "document",
        "Images": "image",
        "zz_Globals": "",
        "Letters": "letter",
        "Reminders": "reminder",
        "SMS Messages": "message",
        "Referrers": "referrer",
        "Invoices": "invoice",
    }
    check_spec(spec, structure)
    _, patients = by_name(structure, spec, "Patients")
    assert (
        patients.items()
        >= {
            "ID_Patient": "other_number",
            "Name First": "given_names",
            "Name Last": "family_name",
            "DOB": "date_of_birth",
            "Phone Home": "home_phone",
            "Mobile": "mobile",
            "Address Street": "home_lines",
            "Postcode": "home_postcode",
            "Medicare No": "medicare",
            "NDIS No": "ndis",
            "Clinic ID": "location",
            "Plan Start": "plan_start",
        }.items()
    )
    assert not {"c_FullName", "zz_old_code", "g_Find"} & patients.keys()
    _, visits = by_name(structure, spec, "Appointments")
    assert visits == {
        "Patient ID": "patient",
        "Clinic ID": "location",
        "Clinician ID": "practitioner",
        "Type": "appointment_type",
        "Date": "date",
        "Start Time": "start_time",
        "End Time": "end_time",
        "Status": "status",
        "Notes": "notes",
    }


def test_relationships_say_what_a_number_refers_to(demo):
    _structure, spec = suggested(demo.path)

    (patient,) = spec.table(130).to("patient")
    assert patient.via == Via(129, 1)
    assert "relationship" in patient.reason


def test_every_suggestion_has_a_reason_and_a_confidence(demo):
    _, spec = suggested(demo.path)

    for table in spec.tables:
        for field in table.fields:
            assert field.reason
            assert 0.5 <= field.confidence < 1


SAMPLES = {
    "atroup__filemaker-rest-connector__Contacts.fmp12": (
        "Contacts",
        {
            "Title": "title", "First": "given_names", "Last": "family_name", "Mobile": "mobile",
            "Personal Email": "email", "Office Phone": "work_phone", "Home City": "home_suburb",
            "Personal Phone": "home_phone", "Work Address 1": "other_lines", "Notes": "notes",
            "Home Postal Code": "home_postcode",
        },
        {"Company", "Job Title", "Website", "Fax", "Name"},
    ),
    "chivalry__fm-library__QuickFind.fmp12": (
        "SampleData",
        {
            "GivenName": "given_names", "Surname": "family_name", "Gender": "sex",
            "StreetAddress": "home_lines", "ZipCode": "home_postcode", "City": "home_suburb",
            "Country": "home_country", "EmailAddress": "email", "TelephoneNumber": "phone",
        },
        {"Domain", "Occupation", "Company"},
    ),
    "chivalry__fm-library__AutoQuickFind.fmp12": (
        "Table",
        {
            "nameFirst": "given_names", "nameLast": "family_name", "state": "home_state",
            "postCode": "home_postcode", "phone": "phone",
        },
        set(),
    ),
    "SoliantMike__FM-ExecuteSQLAsYouType__ExecuteSQL_Search.fmp12": (
        "contacts",
        {"FirstName": "given_names", "LastName": "family_name", "Phone": "phone",
         "ZIP": "home_postcode"},
        {"Company", "zz_recCreateTimestamp"},
    ),
    "SoliantMike__FM-WebDirect_Zip__WebDirect_Zip.fmp12": (
        "Contacts",
        {"First Name": "given_names", "Last Name": "family_name", "Email": "email"},
        {"Company"},
    ),
    "SoliantMike__FM-js_ExcelSheets__js_ExcelSheets.fmp12": (
        "Contacts",
        {"First": "given_names", "Last": "family_name", "Phone": "phone", "Email": "email"},
        {"ID"},
    ),
    "chivalry__fm-library__TestDataGenerator.fmp12": (
        "Contact",
        {"Name_First": "given_names", "Name_Last": "family_name", "DOB": "date_of_birth",
         "Gender": "sex", "Address_Zip": "home_postcode"},
        {"SSN", "Company", "Name_FML_c"},
    ),
    "chivalry__fm-library__Location.fmp12": (
        "Address", {"name": "full_name", "street": "home_lines"}, {"latitude", "longitude"},
    ),
    "joshormond__ooe-fm__Ooe.fmp12": ("Contacts", {"Name": "full_name"}, {"CreatedBy"}),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_contacts_of_real_files_become_patients(samples, name):
    table, expected, kept = SAMPLES[name]

    structure, spec = suggested(samples / name)

    entity, fields = by_name(structure, spec, table)
    assert entity == "patient"
    assert fields.items() >= expected.items()
    assert not kept & fields.keys()
    check_spec(spec, structure)


@pytest.mark.parametrize(
    "name",
    [
        "evanmiller__fmptools__data.fp7",
        "evanmiller__fmptools__Charts.fmp12",
        "dansmith65__FileMaker-Logger__Log.fmp12",
        "mrwatson-de__fmWorkMate__fmTextConverter.fmp12",
    ],
)
def test_files_without_people_are_not_taken_for_clinics(samples, name):
    _, spec = suggested(samples / name)

    assert {rule.entity for rule in spec.tables} == {""}
