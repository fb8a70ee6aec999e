"""The tables of the demo clinic, as a FileMaker solution that grew over fifteen years.

Names mix styles, old fields were renamed instead of deleted, globals and summaries stand between
the data, ids of deleted tables and fields are missing.
"""

from dataclasses import dataclass, field

from onboarding.filemaker.fmp.writer import (
    ExternalSource,
    Field,
    FieldKind,
    FieldType,
    Match,
    Occurrence,
    Relationship,
    Solution,
    Table,
    ValueList,
)
from onboarding.filemaker.fmp.writer.schema import FIRST_OCCURRENCE_ID

PATIENTS, APPOINTMENTS, NOTES = "Patients", "Appointments", "Notes"
CLINICS, CLINICIANS, TYPES = "Clinics", "Clinicians", "Appointment Types"
DOCUMENTS, IMAGES, GLOBALS = "Documents", "Images", "zz_Globals"
LETTERS, REMINDERS, MESSAGES = "Letters", "Reminders", "SMS Messages"
REFERRERS, INVOICES = "Referrers", "Invoices"

STATUSES = ("Booked", "Confirmed", "Arrived", "Completed", "DNA", "Cancelled")
FUNDING_TYPES = (
    *("NDIS Plan Managed", "NDIS Self Managed", "NDIS Agency Managed"),
    *("Medicare CDM", "DVA", "WorkCover", "Private"),
)
NUMBER, DATE, TIME = FieldType.NUMBER, FieldType.DATE, FieldType.TIME
TIMESTAMP, CONTAINER = FieldType.TIMESTAMP, FieldType.CONTAINER
TEXT = FieldType.TEXT


@dataclass(slots=True)
class _Fields:
    """Collects a table's fields and counts their ids; `skip` leaves a gap of a deleted field."""

    fields: list[Field] = field(default_factory=list)
    next_id: int = 1

    def add(self, *names: str, type_: FieldType = TEXT, **options: object) -> "_Fields":
        for name in names:
            self.fields.append(Field(self.next_id, name, type_, **options))  # type: ignore[arg-type]  # options are Field's own
            self.next_id += 1
        return self

    def key(self, name: str) -> "_Fields":
        return self.add(name, type_=NUMBER, is_serial=True, is_unique=True, is_required=True)

    def skip(self, count: int = 1) -> "_Fields":
        self.next_id += count
        return self

    def stamps(self) -> "_Fields":
        return self.add("Created", "Modified", type_=TIMESTAMP)

    def calculation(self, name: str, type_: FieldType = TEXT, *, stored: bool) -> "_Fields":
        return self.add(name, type_=type_, kind=FieldKind.CALCULATION, is_unstored=not stored)

    def summary(self, name: str) -> "_Fields":
        return self.add(name, type_=NUMBER, kind=FieldKind.SUMMARY)

    def table(self, id_: int, name: str) -> Table:
        return Table(id_, name, tuple(self.fields))


def _patients() -> Table:
    fields = _Fields().key("ID_Patient").add("Title", "Name First", "Name Last", "Preferred Name")
    fields.add("DOB", type_=DATE, comment="Date of birth").add("Sex")
    fields.skip(3).add("Phone Home", "Mobile", "Email")
    fields.add("Address Street", "Suburb", "State").add("Postcode", type_=NUMBER)
    fields.add("Medicare No", comment="10 digits and the line number")
    fields.add("NDIS No", comment="Nine digits, from the plan")
    fields.add("Clinic ID", type_=NUMBER, comment="Home clinic")
    fields.add("Funding Type", comment="not used yet - ask Jenny").add("Coordinator")
    fields.add("Plan Start", "Plan End", type_=DATE).add("Weight kg", type_=NUMBER)
    fields.add("Goals", repetitions=3).add("Alerts", "Xero Contact ID")
    fields.calculation("c_FullName", stored=True).calculation("c_Age", NUMBER, stored=False)
    fields.summary("s_Count").add("g_Find", is_global=True)
    fields.skip(60).add("zz_old_code", "zz_Import_2011").stamps()
    fields.skip(2).add("Emergency Contact", "Emergency Phone", "Emergency Relationship")
    fields.add("GP Name", "GP Phone").add("Referrer ID", type_=NUMBER)
    fields.add("Other Contact", "Other Contact Phone", "Other Contact Relationship", repetitions=3)
    fields.add("Coordinator Date", type_=DATE)
    return fields.table(129, PATIENTS)


def _appointments() -> Table:
    fields = _Fields().key("ID_Appointment").add("Patient ID", "Clinic ID", type_=NUMBER)
    fields.add("Clinician ID", comment="ID_Clinician").add("Type").add("Date", type_=DATE)
    fields.add("Start Time", "End Time", type_=TIME).add("Status", "Notes")
    fields.skip().add("Fee", type_=NUMBER).add("Invoice No")
    fields.calculation("c_Duration", NUMBER, stored=False).summary("s_Fees")
    fields.add("g_DateFrom", "g_DateTo", type_=DATE, is_global=True).add("zz_Room_old").stamps()
    return fields.table(130, APPOINTMENTS)


def _notes() -> Table:
    fields = _Fields().key("ID_Note").add("Patient ID", "Appointment ID", type_=NUMBER)
    fields.add("Clinician ID").add("Note Date", type_=DATE).add("Note Type", "Body").stamps()
    return fields.table(131, NOTES)


def _clinics() -> Table:
    fields = _Fields().key("ID_Clinic").add("Clinic Name", "Short Code", "Colour", "Phone", "Email")
    fields.add("Address", "Suburb", "State").add("Postcode", type_=NUMBER).add("Active")
    return fields.table(132, CLINICS)


def _clinicians() -> Table:
    fields = _Fields().key("ID_Clinician").add("Title", "Name First", "Name Last", "Display Name")
    fields.add("Discipline", "Provider No", "AHPRA No", "Email", "Mobile")
    fields.add("Clinic ID", type_=NUMBER).add("Colour", "Active")
    return fields.table(133, CLINICIANS)


def _types() -> Table:
    fields = _Fields().key("ID_Type").add("Type Name", "Code")
    fields.add("Duration", "Fee", type_=NUMBER).add("Colour", "Active")
    return fields.table(134, TYPES)


def _documents() -> Table:
    fields = _Fields().key("ID_Document").add("Patient ID", type_=NUMBER)
    fields.add("Title", "Document Type").add("File", type_=CONTAINER).add("File Name")
    fields.add("Date Added", type_=DATE).add("Clinician ID").stamps()
    return fields.table(136, DOCUMENTS)


def _images() -> Table:
    fields = _Fields().key("ID_Image").add("Patient ID", type_=NUMBER)
    fields.add("Batch ID", type_=NUMBER).add("Batch Name", "View")
    fields.add("Photo", type_=CONTAINER).add("Taken", type_=DATE).stamps()
    return fields.table(137, IMAGES)


def _letters() -> Table:
    fields = _Fields().key("ID_Letter").add("Patient ID", type_=NUMBER).add("Clinician ID")
    fields.add("Referrer ID", type_=NUMBER).add("Letter Date", type_=DATE)
    fields.add("Recipient", "Subject", "Body", "Status").stamps()
    return fields.table(140, LETTERS)


def _reminders() -> Table:
    fields = _Fields().key("ID_Reminder").add("Patient ID", "Appointment ID", type_=NUMBER)
    fields.add("Method").add("Due Date", type_=DATE).add("Sent At", type_=TIMESTAMP)
    fields.add("Status", "Reminder Text")
    return fields.table(141, REMINDERS)


def _messages() -> Table:
    fields = _Fields().key("ID_SMS").add("Patient ID", "Appointment ID", type_=NUMBER)
    fields.add("Direction", "Mobile", "Message").add("Sent", type_=TIMESTAMP)
    fields.add("Delivery Status")
    return fields.table(142, MESSAGES)


def _referrers() -> Table:
    fields = _Fields().key("ID_Referrer").add("Title", "Name First", "Name Last", "Practice")
    fields.add("Type", "Specialty", "Provider No", "Phone", "Fax", "Email", "Address", "Suburb")
    fields.add("State").add("Postcode", type_=NUMBER).add("Active")
    return fields.table(143, REFERRERS)


def _invoices() -> Table:
    fields = _Fields().key("ID_Invoice").add("Invoice No").add("Patient ID", type_=NUMBER)
    fields.add("Invoice Date", "Due Date", type_=DATE).add("Bill To")
    fields.add("Item Code", "Item Description", repetitions=10)
    fields.add("Item Qty", "Item Price", "Item Amount", type_=NUMBER, repetitions=10)
    fields.add("Total", "Amount Paid", type_=NUMBER).add("Status", "Xero Invoice ID").stamps()
    return fields.table(144, INVOICES)


def _globals() -> Table:
    fields = _Fields().add("g_Clinic_Name", "g_SMS_Sender", "g_Xero_Org", "g_User", is_global=True)
    fields.add("g_Logo", type_=CONTAINER, is_global=True).add("Setting", "Value")
    fields.add("zz_LayoutHelper")
    return fields.table(139, GLOBALS)


# Occurrence, its table, the occurrence it hangs on, and the pair of fields that match.
_GRAPH = (
    (PATIENTS, PATIENTS, None, "", ""),
    (APPOINTMENTS, APPOINTMENTS, PATIENTS, "ID_Patient", "Patient ID"),
    (NOTES, NOTES, PATIENTS, "ID_Patient", "Patient ID"),
    (DOCUMENTS, DOCUMENTS, PATIENTS, "ID_Patient", "Patient ID"),
    (IMAGES, IMAGES, PATIENTS, "ID_Patient", "Patient ID"),
    ("pat_Clinics", CLINICS, PATIENTS, "Clinic ID", "ID_Clinic"),
    ("apt_Clinics", CLINICS, APPOINTMENTS, "Clinic ID", "ID_Clinic"),
    ("apt_Clinicians", CLINICIANS, APPOINTMENTS, "Clinician ID", "ID_Clinician"),
    ("apt_Types", TYPES, APPOINTMENTS, "Type", "Type Name"),
    ("not_Appointments", APPOINTMENTS, NOTES, "Appointment ID", "ID_Appointment"),
    ("not_Clinicians", CLINICIANS, NOTES, "Clinician ID", "ID_Clinician"),
    (CLINICIANS, CLINICIANS, None, "", ""),
    ("cli_Clinics", CLINICS, CLINICIANS, "Clinic ID", "ID_Clinic"),
    (LETTERS, LETTERS, PATIENTS, "ID_Patient", "Patient ID"),
    (REMINDERS, REMINDERS, PATIENTS, "ID_Patient", "Patient ID"),
    (MESSAGES, MESSAGES, PATIENTS, "ID_Patient", "Patient ID"),
    (INVOICES, INVOICES, PATIENTS, "ID_Patient", "Patient ID"),
    ("pat_Referrers", REFERRERS, PATIENTS, "Referrer ID", "ID_Referrer"),
    ("let_Referrers", REFERRERS, LETTERS, "Referrer ID", "ID_Referrer"),
    ("rem_Appointments", APPOINTMENTS, REMINDERS, "Appointment ID", "ID_Appointment"),
    ("sms_Appointments", APPOINTMENTS, MESSAGES, "Appointment ID", "ID_Appointment"),
    (GLOBALS, GLOBALS, None, "", ""),
)


def demo_solution() -> Solution:
    """Return the catalogue of the demo clinic's file."""
    tables = (
        *(_patients(), _appointments(), _notes(), _clinics(), _clinicians()),
        *(_types(), _documents(), _images(), _globals(), _letters(), _reminders()),
        *(_messages(), _referrers(), _invoices()),
    )
    by_name = {table.name: table for table in tables}
    ids = {row[0]: FIRST_OCCURRENCE_ID + nth for nth, row in enumerate(_GRAPH)}
    table_of = {row[0]: by_name[row[1]] for row in _GRAPH}
    boxes = tuple(Occurrence(ids[name], name, table_of[name].id) for name in ids)
    relationships: list[Relationship] = []
    for name, _, parent, parent_field, own_field in _GRAPH:
        if parent is None:
            continue
        match = Match(
            _field_id(table_of[parent], parent_field), _field_id(table_of[name], own_field)
        )
        link = Relationship(len(relationships) + 1, ids[parent], ids[name], (match,))
        relationships.append(link)
    value_lists = (
        ValueList(1, "Status", STATUSES),
        ValueList(2, "Funding", FUNDING_TYPES),
        ValueList(3, "Sex", ("F", "M", "X")),
        ValueList(5, "States", ("ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA")),
    )
    return Solution(
        tables,
        boxes,
        tuple(relationships),
        value_lists,
        (ExternalSource(2, "Accounts_old", "file:Accounts_old"),),
    )


def _field_id(table: Table, name: str) -> int:
    return next(field.id for field in table.fields if field.name == name)
