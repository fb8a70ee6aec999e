"""What the erasure of a person takes beside the rows that name them: copies found by number or by id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections

from clinical.rights.erasure import Part, exempt, register
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinical.rights.erasure import Person, Row

OWN_TABLES = {
    "rights_erasure": "the order itself: its list of people is emptied when it is done",
    "rights_erasedrow": "the working list, emptied when it is done",
    "rights_destruction": "the destruction register, which the law asks for",
    "rights_researchextract": "figures about many, in which nobody can be told from others",
    "rights_rightssettings": "the clinic's own",
    "rights_breach": "the clinic's account of an incident; names do not belong in it",
}
OF_NOBODY = {
    "audit_event": "headers without names; erased payloads are the erasure's own last step",
    "audit_payload": "erased by audit_erase_payload, so that the seals still verify",
    "audit_seal": "hashes",
    "audit_erasure": "which payloads were erased",
    "mv_patient_summary": "made by the database: gone with the record",
    "connections_connection": "the clinic's own accounts with vendors",
    "clinic_messages_messagetemplate": "the clinic's own wordings",
    "decision_support_rule": "the clinic's own rules",
    "problems_codelist": "a classification",
    "problems_code": "a classification",
    "notes_notetemplate": "the clinic's own wordings",
    "notes_notetemplateversion": "the clinic's own wordings",
    "plans_plantemplate": "the clinic's own wordings",
    "plans_plantemplateversion": "the clinic's own wordings",
    "patients_savedfilter": "a colleague's own filter of the list",
    "patients_duplicatesearch": "figures",
    "patients_mergedrow": "ids of rows; goes with the merge",
    "reports_savedreport": "a colleague's own question to the reports",
    "reports_reportfile": "passes by itself after some hours",
    "sms_deliveryalarm": "figures",
    "contacts_contact": "the address book of practices and payers; who hangs on the patient goes with them",
    "takeout_takeout": "figures; the archive itself passes by itself after some days",
    "demo_data_demotable": "which rows are invented",
    "passkeys_passkey": "how colleagues sign in",
    "support_access": "who of the platform may look, and why; no patients in it",
    "support_visit": "who of the platform has looked; no patients in it",
}


def collect_by_id(person: Person) -> Iterator[Row]:
    """Name what refers to erased rows without a foreign key."""
    yield from _rows("connections_outboxentry", "subject_id::text = ANY (%s)", person.keys)
    yield from _rows("patients_summarymark", "patient_id::text = ANY (%s)", person.texts)


def collect_by_number(person: Person) -> Iterator[Row]:
    """Name messages of a number or address that is nobody else's, though no patient stands with them."""
    if not person.numbers:
        return
    numbers = person.numbers
    yield from _rows(
        "clinic_messages_message", "patient_id IS NULL AND normalised = ANY (%s)", numbers
    )
    yield from _rows(
        "clinic_messages_conversation", "patient_id IS NULL AND number = ANY (%s)", numbers
    )
    yield from _rows("clinic_messages_optout", "number = ANY (%s)", numbers)
    yield from _rows("clinic_messages_sentmail", "lower(address) = ANY (%s)", numbers)
    for number in numbers:
        yield from _rows("connections_inboxevent", "position(%s in body) > 0", number)


def _rows(table: str, condition: str, value: str | list[str]) -> Iterator[Row]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(f"SELECT id::text FROM {table} WHERE {condition}", [value])  # noqa: S608 - constants of this module
        for (key,) in cursor.fetchall():
            yield table, key


def register_all() -> None:
    register(Part("by_id", collect=collect_by_id), exempt={
        "connections_outboxentry": "found by the ids of what was to be sent",
        "patients_summarymark": "found by the patient's id",
    })  # fmt: skip
    register(Part("by_number", collect=collect_by_number), exempt={
        "clinic_messages_optout": "found by the number, unless somebody else has it too",
        "connections_inboxevent": "found by the number in it",
    })  # fmt: skip
    exempt(OWN_TABLES)
    exempt(OF_NOBODY)
