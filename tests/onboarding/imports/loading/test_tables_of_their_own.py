"""What other clinics keep in tables of their own: people around patients, numbers, batches, lines."""

from __future__ import annotations

import pytest

from billing_integrations.invoices.models import PastInvoice
from clinical.contacts.models import PatientContact
from clinical.documents.models import Document
from clinical.notes.models import Note
from clinical.patients.models import ContactPoint, Patient
from onboarding.filemaker.fmp.writer import (
    Container,
    Field,
    FieldType,
    FmpWriter,
    Match,
    Occurrence,
    Record,
    Relationship,
    Solution,
    Table,
)
from onboarding.imports.models import FileTask, ImportRun
from onboarding.imports.services import import_file, undo_run
from tenants.scope import tenant_scope

OUTCOMES = ("created", "updated", "unchanged", "skipped", "quarantined")
TABLES = {
    "Patients": "ID Patient,Name First,Name Last,DOB,Sex,Portrait",
    "Patient Contacts": "ID Contact,Patient ID,Contact Type,Name,Relationship,Phone,Shoe Size",
    "Phones": "ID Phone,Patient ID,Type,Number,Remark",
    "Progress Notes": "ID Note,Patient ID,Date,Subjective,Objective",
    "Image Batches": "ID Batch,Patient ID,Name,Date",
    "Photos": "ID Photo,Patient ID,Batch ID,Photo,Caption",
    "Invoices": "ID Invoice,Invoice No,Patient ID,Invoice Date,Total",
    "Invoice Lines": "ID Line,Invoice ID,Description,Qty,Amount,Tooth",
}
PARENTS = (
    ("Patients", "ID Patient", "Patient Contacts", "Patient ID"),
    ("Patients", "ID Patient", "Phones", "Patient ID"),
    ("Patients", "ID Patient", "Progress Notes", "Patient ID"),
    ("Patients", "ID Patient", "Image Batches", "Patient ID"),
    ("Patients", "ID Patient", "Photos", "Patient ID"),
    ("Patients", "ID Patient", "Invoices", "Patient ID"),
    ("Image Batches", "ID Batch", "Photos", "Batch ID"),
    ("Invoices", "ID Invoice", "Invoice Lines", "Invoice ID"),
)
PEOPLE = [
    {"ID Patient": "1", "Name First": "Ann", "Name Last": "Lee", "DOB": "3/04/1980", "Sex": "F"},
    {"ID Patient": "2", "Name First": "Bob", "Name Last": "Ray", "DOB": "3/04/1981", "Sex": "M"},
    {"ID Patient": "3", "Name First": "Cy", "Name Last": "Fox", "DOB": "3/04/1982", "Sex": "M"},
]
PICTURE = Container("a.png", {"PNGf": b"\x89PNG\r\n\x1a\n" + bytes(40)}, size=(1, 1))


def solution():
    tables = []
    for number, (name, fields) in enumerate(TABLES.items(), start=129):
        kinds = {
            "Photo": FieldType.CONTAINER,
            "Portrait": FieldType.CONTAINER,
            "DOB": FieldType.DATE,
            "Date": FieldType.DATE,
        }
        made = [
            Field(place, field, kinds.get(field, FieldType.TEXT))
            for place, field in enumerate(fields.split(","), start=1)
        ]
        tables.append(Table(number, name, tuple(made)))
    by_name = {table.name: table for table in tables}
    boxes = {table.name: Occurrence(1_065_100 + table.id, table.name, table.id) for table in tables}

    def place(table, field):
        return next(each.id for each in by_name[table].fields if each.name == field)

    links = tuple(
        Relationship(
            number, boxes[one].id, boxes[many].id, (Match(place(one, key), place(many, own)),)
        )
        for number, (one, key, many, own) in enumerate(PARENTS, start=1)
    )
    return Solution(tuple(tables), tuple(boxes.values()), links)


@pytest.fixture
def history_file(tmp_path):
    """Writes a file with these tables: `history_file(Patients=[{…}], Invoice_Lines=[…])`."""
    written = 0

    def write(**records):
        nonlocal written
        written += 1
        path = tmp_path / f"history{written}.fmp12"
        with FmpWriter(path, solution()) as fmp:
            for name in TABLES:
                rows = records.get(name.replace(" ", "_"), [])
                fmp.write_records(
                    name,
                    [
                        Record(number, {k: v for k, v in cells.items() if k != "changes"},
                               cells.get("changes", 1))
                        for number, cells in enumerate(rows, start=1)
                    ],
                )  # fmt: skip
        return path

    return write


def table(report, name):
    return next(table for table in report["tables"] if table["name"] == name)


def reasons(report, name):
    return {(row["outcome"], row["reason"]): row["count"] for row in table(report, name)["reasons"]}


def lines(tenant):
    with tenant_scope(tenant):
        invoice = PastInvoice.objects.get(number="A-1")
        return [(line["description"], line["amount_cents"]) for line in invoice.lines]


INVOICE = {"ID Invoice": "7", "Invoice No": "A-1", "Patient ID": "1", "Invoice Date": "1/02/2024",
           "Total": "30.50"}  # fmt: skip
OTHER = {**INVOICE, "ID Invoice": "8", "Invoice No": "A-2"}
LINE = {"ID Line": "1", "Invoice ID": "7", "Description": "Visit", "Qty": "1", "Amount": "$20.50",
        "Tooth": "12"}  # fmt: skip
SECOND = {**LINE, "ID Line": "2", "Description": "Tape", "Amount": "10"}


def test_every_table_is_recognised_and_accounted_for(alpha, history_file):
    path = history_file(
        Patients=PEOPLE,
        Patient_Contacts=[
            {"Patient ID": "1", "Contact Type": "Emergency", "Name": "Mo Lee", "Phone": "0491570156",
             "Relationship": "Wife", "Shoe Size": "9"},
            {"Patient ID": "2", "Contact Type": "Uncle", "Name": "Vernon"},
            {"Patient ID": "9", "Name": "Nobody's friend"},
        ],
        Phones=[
            {"Patient ID": "1", "Type": "Mobile", "Number": "0491 570 156", "Remark": "after 5"},
            {"Patient ID": "2", "Type": "Work", "Number": "(02) 5550 1234"},
            {"Patient ID": "2", "Type": "E-mail", "Number": "bob@example.com"},
        ],
        Progress_Notes=[
            {"Patient ID": "1", "Date": "2/03/2024", "Subjective": "Better", "Objective": "ROM full"},
            {"Patient ID": "1", "Subjective": "No date at all"},
        ],
        Image_Batches=[{"ID Batch": "4", "Patient ID": "1", "Name": "Feet", "Date": "1/01/2024"}],
        Photos=[
            {"ID Photo": "1", "Patient ID": "1", "Batch ID": "4", "Photo": PICTURE, "Caption": "L"},
            {"ID Photo": "2", "Patient ID": "9", "Photo": PICTURE, "Caption": "R"},
            {"ID Photo": "3", "Patient ID": "2", "Caption": "lost"},
        ],
        Invoices=[INVOICE, OTHER],
        Invoice_Lines=[LINE, SECOND, {**LINE, "ID Line": "3", "Invoice ID": "99"}],
    )  # fmt: skip

    report = import_file(alpha, path)

    assert {row["name"]: row["entity"] for row in report["tables"]} == {
        "Patients": "patient",
        "Patient Contacts": "patient_contact",
        "Phones": "contact_point",
        "Progress Notes": "note",
        "Image Batches": "image_batch",
        "Photos": "image",
        "Invoices": "invoice",
        "Invoice Lines": "invoice_line",
    }
    assert report["holds"] is True
    assert all(row["source"] == sum(row[o] for o in OUTCOMES) for row in report["tables"])
    assert reasons(report, "Patient Contacts") == {
        ("quarantined", "Its patient is not among the patients."): 1
    }
    assert reasons(report, "Progress Notes") == {("quarantined", "No valid date."): 1}
    assert reasons(report, "Invoice Lines") == {("quarantined", "Its invoice is not here."): 1}
    assert table(report, "Photos")["created"] == 3
    with tenant_scope(alpha):
        mo = PatientContact.objects.get(name="Mo Lee")
        assert (mo.kind, mo.relationship, mo.extra["Shoe Size"]) == ("emergency", "Wife", "9")
        assert PatientContact.objects.get(name="Vernon").extra["Contact Type"] == "Uncle"
        points = ContactPoint.objects.order_by("kind").values_list("kind", "value", "label")
        assert list(points) == [
            ("email", "bob@example.com", ""),
            ("mobile", "0491 570 156", "after 5"),
            ("work", "(02) 5550 1234", ""),
        ]
        assert Note.objects.get().body == "Subjective\nBetter\n\nObjective\nROM full"
        left = Document.objects.get(caption="L")
        assert (left.batch.name, left.patient.family_name) == ("Feet", "Lee")
        right = Document.objects.get(caption="R")
        assert (right.patient, right.extra["Patient ID"]) == (None, "9")
        lost = Document.objects.get(caption="lost")
        assert (lost.state, lost.problem) == (
            "missing",
            "The record in the old system holds no file.",
        )
        assert set(FileTask.objects.values_list("document_id", flat=True)) == {left.pk, right.pk}
        invoice = PastInvoice.objects.get(number="A-1")
        assert invoice.lines[0]["raw"] == {
            "Description": "Visit", "Qty": "1", "Amount": "20.50", "ID Line": "1", "Tooth": "12",
        }  # fmt: skip
    assert lines(alpha) == [("Visit", 2050), ("Tape", 1000)]


def test_a_line_that_changes_is_known_again_and_one_that_moves_leaves_its_invoice(
    alpha, history_file
):
    import_file(alpha, history_file(Patients=PEOPLE, Invoices=[INVOICE, OTHER],
                                    Invoice_Lines=[LINE, SECOND]))  # fmt: skip
    changed = [{**LINE, "Amount": "21", "changes": 2}, {**SECOND, "Invoice ID": "8", "changes": 2}]

    report = import_file(
        alpha, history_file(Patients=PEOPLE, Invoices=[INVOICE, OTHER], Invoice_Lines=changed)
    )

    assert table(report, "Invoice Lines")["updated"] == 2
    assert report["totals"]["created"] == 0
    assert lines(alpha) == [("Visit", 2100)]
    with tenant_scope(alpha):
        assert [line["description"] for line in PastInvoice.objects.get(number="A-2").lines] == [
            "Tape"
        ]
        run = ImportRun.objects.first()
    undo_run(alpha, run.pk)
    assert lines(alpha) == [("Visit", 2050), ("Tape", 1000)]


def test_an_invoice_that_changes_keeps_the_lines_of_the_other_table(alpha, history_file):
    import_file(alpha, history_file(Patients=PEOPLE, Invoices=[INVOICE], Invoice_Lines=[LINE]))
    paid = {**INVOICE, "Total": "31", "changes": 2}

    report = import_file(
        alpha, history_file(Patients=PEOPLE, Invoices=[paid], Invoice_Lines=[LINE])
    )

    assert table(report, "Invoices")["updated"] == 1
    assert lines(alpha) == [("Visit", 2050)]


def test_numbers_from_their_own_table_stay_when_the_patient_changes(alpha, history_file):
    phone = {"Patient ID": "1", "Type": "Mobile", "Number": "0491 570 156"}
    import_file(alpha, history_file(Patients=PEOPLE, Phones=[phone]))
    married = [{**PEOPLE[0], "Name Last": "Ray-Lee", "changes": 2}, *PEOPLE[1:]]

    report = import_file(alpha, history_file(Patients=married, Phones=[phone]))

    assert table(report, "Patients")["updated"] == 1
    with tenant_scope(alpha):
        patient = Patient.objects.get(family_name="Ray-Lee")
        assert patient.contact_points.count() == 1


def test_a_file_that_is_stored_is_not_asked_for_again_until_its_record_changes(alpha, history_file):
    photo = {"ID Photo": "1", "Patient ID": "1", "Photo": PICTURE, "Caption": "L"}
    import_file(alpha, history_file(Patients=PEOPLE, Photos=[photo]))
    with tenant_scope(alpha):
        first = ImportRun.objects.first()
        Document.objects.update(state="stored", sha256="0" * 64, storage_key="patients/x")
        FileTask.objects.update(state="stored")

    import_file(alpha, history_file(Patients=PEOPLE, Photos=[photo]))

    with tenant_scope(alpha):
        assert list(FileTask.objects.values_list("run_id", flat=True)) == [first.pk]

    import_file(alpha, history_file(Patients=PEOPLE, Photos=[{**photo, "changes": 2,
                                                             "Caption": "Left"}]))  # fmt: skip

    with tenant_scope(alpha):
        assert not FileTask.objects.filter(run=first).exists()
        assert Document.objects.get().caption == "Left"


def test_a_file_in_a_field_without_a_place_becomes_a_document_of_the_patient(alpha, history_file):
    ann = {**PEOPLE[0], "Portrait": PICTURE}
    import_file(alpha, history_file(Patients=[ann, *PEOPLE[1:]]))

    with tenant_scope(alpha):
        run = ImportRun.objects.first()
        document = Document.objects.get()
        assert (document.title, document.patient.family_name) == ("Patients: Portrait", "Lee")
        task = FileTask.objects.get()
        assert (task.document_id, task.field_id) == (document.pk, 6)

    married = {**ann, "Name Last": "Ray-Lee", "changes": 2}
    import_file(alpha, history_file(Patients=[married, *PEOPLE[1:]]))

    with tenant_scope(alpha):
        assert Document.objects.get().pk == document.pk
        assert FileTask.objects.get().run_id != run.pk
        later = ImportRun.objects.first()
    undo_run(alpha, later.pk)
    undo_run(alpha, run.pk)
    with tenant_scope(alpha):
        assert not Document.objects.exists()
        assert not Patient.objects.exists()
