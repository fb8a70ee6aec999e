"""The law of each table holds whatever stands in the cells."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from onboarding.imports.models import RowResult
from onboarding.imports.services import import_file
from tenants.scope import tenant_scope

OUTCOMES = ("created", "updated", "unchanged", "skipped", "quarantined")
ODD = st.sampled_from(
    [
        "",
        " ",
        "?",
        "0",
        "-1",
        "=1+1",
        "31/02/1975",
        "1/1/0205",
        "29/02/2024",
        "25:61",
        "2:30 AM",
        "12/31/2013",
        "4/10/2026",
        "'; DROP TABLE x;--",
        "\x00",
        "\r",
        "Lee, Ann",
        "😀",
        "Ÿ" * 300,
        "0491 570 006 / 02 5550 1234",
        "a@b.example",
        "430000000",
        "2123 45670 1",
        "Dr",
        "NDIS",
        "x",
    ]
)
TEXT = ODD | st.text(st.characters(exclude_categories=("Cs",)), max_size=40)
KEY = st.sampled_from(["1", "2", "01", "2.0", "nobody", ""])


def records(keys, words):
    return st.lists(
        st.fixed_dictionaries(
            {}, optional={**dict.fromkeys(keys, KEY), **dict.fromkeys(words, TEXT)}
        ),
        max_size=6,
    )


PATIENTS = records(
    ["ID_Patient", "Clinic ID"],
    [
        "Title",
        "Name First",
        "Name Last",
        "DOB",
        "Sex",
        "Phone Home",
        "Email",
        "Medicare No",
        "NDIS No",
        "Address Street",
        "Postcode",
        "Funding Type",
        "Plan Start",
        "Weight kg",
    ],
)
VISITS = records(
    ["ID_Appointment", "Patient ID", "Clinic ID", "Clinician ID"],
    ["Type", "Date", "Start Time", "End Time", "Status", "Notes", "Fee"],
)
CLINICS = records(["ID_Clinic"], ["Clinic Name", "Short Code", "Colour", "Address", "Active"])
TARGETS = {
    129: ("patient", {1: "other_number", 2: "title", 3: "given_names", 4: "family_name",
                      6: "date_of_birth", 7: "sex", 11: "home_phone", 13: "email",
                      14: "home_lines", 17: "home_postcode", 18: "medicare", 19: "ndis",
                      21: "funding_type", 23: "plan_start"}),
    130: ("appointment", {5: "appointment_type", 6: "date", 7: "start_time", 8: "end_time",
                          9: "status", 10: "notes"}),
    132: ("location", {2: "name", 3: "short_name", 4: "colour", 7: "address", 11: "is_active"}),
}  # fmt: skip
VIA = {129: {20: ("location", 132)}, 130: {2: ("patient", 129), 3: ("location", 132)}}


def spec():
    tables = {}
    for table, (entity, fields) in TARGETS.items():
        rules = {str(field): {"to": target} for field, target in fields.items()}
        for field, (target, other) in VIA.get(table, {}).items():
            rules[str(field)] = {"to": target, "via": {"table": other, "field": 1}}
        tables[str(table)] = {"entity": entity, "fields": rules}
    return {"format": 1, "tables": tables}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(patients=PATIENTS, visits=VISITS, clinics=CLINICS)
def test_every_record_is_accounted_for_whatever_it_holds(
    alpha, clinic_file, patients, visits, clinics
):
    path = clinic_file(Patients=patients, Appointments=visits, Clinics=clinics)

    report = import_file(alpha, path, mapping=spec(), dry_run=True)

    assert report["holds"] is True
    counts = {"Patients": patients, "Appointments": visits, "Clinics": clinics}
    for row in report["tables"]:
        assert row["source"] == len(counts.get(row["name"], ()))
        assert row["source"] == sum(row[outcome] for outcome in OUTCOMES)
    with tenant_scope(alpha):
        results = RowResult.objects.filter(run_id=report["run"], dry=True)
        assert results.count() == len(patients) + len(visits) + len(clinics)
