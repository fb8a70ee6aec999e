from __future__ import annotations

from clinical.patients.models import Patient
from onboarding.filemaker.fmp.writer import Field, FmpWriter, Record, Solution, Table
from onboarding.imports.models import ImportLink, StagedRecord
from onboarding.imports.services import import_file
from tenants.scope import tenant_scope


def test_nul_is_left_out_of_the_values_and_shown_in_the_text_kept_as_it_came(alpha, clinic_file):
    nth = ("first", "second", "third")
    path = clinic_file(
        Patients=[
            {"Title": "M\0s", "Name First": "An\0na", "Name Last": word, "Weight kg": "6\x004"}
            for word in nth
        ]
    )

    report = import_file(alpha, path)

    assert report["holds"] is True
    with tenant_scope(alpha):
        found = Patient.objects.order_by("family_name")
        assert [(p.given_names, p.family_name) for p in found] == [("Anna", word) for word in nth]
        assert [patient.extra["Weight kg"] for patient in found] == ["64"] * 3
        staged = StagedRecord.objects.get(record_id=1, payload__has_key="2")
        link = ImportLink.objects.get(target_type="patient", record_id=1)
        assert {"M␀s", "An␀na", "6␀4"} <= set(staged.payload.values())
        assert link.raw == staged.payload


def test_a_field_named_in_another_script_arrives_under_its_name(alpha, tmp_path):
    fields = (Field(1, "First Name"), Field(2, "Last Name"), Field(7, "Ω_Αλλεργία"))
    path = tmp_path / "Names.fmp12"
    with FmpWriter(path, Solution((Table(129, "Patients", fields),))) as fmp:
        cells = {"First Name": "Anna", "Last Name": "Lee", "Ω_Αλλεργία": "Nüsse"}
        fmp.write_records("Patients", [Record(1, cells)])

    import_file(alpha, path)

    with tenant_scope(alpha):
        assert Patient.objects.get().extra == {"Ω_Αλλεργία": "Nüsse"}
