"""A crowd of synthetic patients, made by the database: common names often, rare ones rarely.

Runs as a superuser with triggers off: what is measured is finding patients, not making them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


def _words(text: str) -> list[str]:
    return text.split()


GIVEN = _words(
    """
    James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara
    Susan Joseph Jessica Thomas Sarah Charles Karen Nancy Lisa Daniel Margaret Matthew Betty
    Anthony Sandra Mark Ashley Donald Dorothy Steven Kimberly Paul Emily Andrew Donna Joshua
    Michelle Kate Chloe Minh Wei Priya Arjun Fatima Omar Giulia Marco Ingrid Lars Aroha Tane
    Siobhan Niamh Zoe
    """
)
COMMON_FAMILY = _words(
    """
    Smith Jones Williams Brown Wilson Taylor Johnson White Martin Anderson Thompson Nguyen
    Walker Harris Lee Ryan Robinson Kelly King Davis Wright Evans Roberts Green Hall Wood
    Jackson Clarke Patel Khan Chen Wang Singh Murphy Campbell Mitchell Baker Phillips Morris
    Hughes Watson
    """
)
FIRST = _words(
    """
    Bal Bar Ber Cal Car Dal Del Dun Fal Far Gal Gar Hal Har Kel Kin Lan Mac Mor Nor Pen Ros
    """
)
MIDDLE = _words(
    """
    a e i o u ing er en am il on ar and ent um ist or el
    """
)
LAST = _words(
    """
    by den don field ford ham ington land ley man mer more sby ski son ston ter ton wick worth
    """
)

PATIENTS = """
INSERT INTO patients_patient (id, title, given_names, family_name, preferred_name, former_names,
    date_of_birth, sex, gender, pronouns, coordinator_name, alerts, notes, xero_contact_id, extra,
    is_archived, created_at, changed_at)
SELECT gen_random_uuid(), '',
    (%(given)s::text[])[1 + floor(power(random(), 1.5) * %(givens)s)::int],
    CASE WHEN random() < 0.3 THEN (%(common)s::text[])[1 + floor(random() * %(commons)s)::int]
    ELSE (%(first)s::text[])[1 + floor(random() * %(firsts)s)::int]
        || (%(middle)s::text[])[1 + floor(random() * %(middles)s)::int]
        || (%(last)s::text[])[1 + floor(random() * %(lasts)s)::int] END,
    '', '', date '1930-01-01' + floor(random() * 34000)::int, '', '', '', '', '', '', '', '{}',
    false, now(), now()
FROM generate_series(1, %(count)s)
"""
CONTACTS = """
INSERT INTO patients_contactpoint (id, patient_id, kind, value, normalised, label)
SELECT gen_random_uuid(), id, 'mobile', '04' || lpad(number::text, 8, '0'),
    '04' || lpad(((number * 7919) %% 100000000)::text, 8, '0'), ''
FROM patients_patient
"""
IDENTIFIERS = """
INSERT INTO patients_patientidentifier (id, patient_id, kind, value, normalised, is_valid, label)
SELECT gen_random_uuid(), id, 'ndis', '43' || lpad(number::text, 7, '0'),
    '43' || lpad(((number * 7919) %% 10000000)::text, 7, '0'), true, ''
FROM patients_patient
"""

PRACTITIONERS = """
INSERT INTO practice_practitioner (id, name, discipline, colour, may_be_double_booked,
    is_active)
SELECT gen_random_uuid(), 'Clinician ' || n, '', '#4a6fa5', true, true FROM generate_series(1, 20) AS n
"""
APPOINTMENTS = """
INSERT INTO appointments_appointment (id, patient_id, practitioner_id, starts_at, ends_at, status,
    cancel_reason, notes, source_note, extra, status_times, is_exclusive, created_at, changed_at)
SELECT gen_random_uuid(), p.id, c.ids[1 + p.number %% 20], s.at, s.at + interval '30 minutes',
    'booked', '', '', '', '{}', '{}', false, now(), now()
FROM patients_patient p,
    (SELECT array_agg(id) AS ids FROM practice_practitioner) AS c,
    LATERAL (SELECT timestamptz '2024-01-01' + p.number * interval '13 minutes' AS at) AS s
"""

TABLES = (
    "patients_patient",
    "patients_contactpoint",
    "patients_patientidentifier",
    "practice_practitioner",
    "appointments_appointment",
)


def gather(connection: psycopg.Connection, schema: str, *, count: int) -> None:
    """Put `count` patients with a phone, an NDIS number and an appointment each into the schema."""
    lists = {
        "given": GIVEN,
        "common": COMMON_FAMILY,
        "first": FIRST,
        "middle": MIDDLE,
        "last": LAST,
    }
    values = {**lists, **{f"{name}s": len(items) for name, items in lists.items()}, "count": count}
    connection.execute(
        "SELECT set_config('search_path', %s, false), set_config('rls.tenant_id', %s, false)",
        [f"{schema}, ext", schema.removeprefix("c_")],
    )
    connection.execute("SET session_replication_role = replica")
    connection.execute("SELECT setseed(0.42)")
    connection.execute(PATIENTS, values)
    connection.execute(CONTACTS, {})
    connection.execute(IDENTIFIERS, {})
    connection.execute(PRACTITIONERS)
    connection.execute(APPOINTMENTS, {})
    connection.execute("SET session_replication_role = DEFAULT")
    for table in TABLES:
        connection.execute(f"VACUUM ANALYZE {table}")
