"""One clinic as big as they come: years of visits, notes and documents for a crowd of patients.

Made by the database, as a superuser with triggers off; the summaries are then made in one go, as
the web's role. What is measured is the clinic's day, not the making of it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.crowd import gather

if TYPE_CHECKING:
    import psycopg

    from tenants.models import Tenant

DAYS_AHEAD = 60
A_DAY = 300
"""Visits a day: 20 clinicians with 15 each."""
_FILLER = {
    "text": "''", "character varying": "''", "jsonb": "'{}'", "boolean": "false", "integer": "0",
    "smallint": "0", "bigint": "0", "timestamp with time zone": "now()", "uuid": "gen_random_uuid()",
}  # fmt: skip

LOCATIONS = """
SELECT 'Rooms ' || n AS name, '#4a6fa5' AS colour, true AS is_active FROM generate_series(1, 3) AS n
"""
FUNDING = "SELECT 'Scheme ' || n AS name, true AS is_active FROM generate_series(1, 4) AS n"
TYPES = """
SELECT 'Visit ' || n AS name, '#4a6fa5' AS colour, 30 AS duration_minutes, 'clinic' AS setting,
    true AS is_active
FROM generate_series(1, 5) AS n
"""
PLACED = """
UPDATE patients_patient SET
    location_id = (SELECT array_agg(id) FROM practice_location)[1 + number % 3],
    funding_type_id = (SELECT array_agg(id) FROM practice_fundingtype)[1 + number % 4],
    plan_end = CASE WHEN number % 4 = 0 THEN current_date - 200 + (number % 700)::int END,
    is_archived = number % 20 = 0
"""
VISITS = f"""
SELECT p.ids[1 + floor(random() * p.many)::int] AS patient_id,
    c.ids[1 + n %% 20] AS practitioner_id, l.ids[1 + n %% 3] AS location_id,
    t.ids[1 + n %% 5] AS appointment_type_id, s.at AS starts_at,
    s.at + interval '30 minutes' AS ends_at, 1 AS seats,
    CASE WHEN s.at > now() THEN 'booked' WHEN n %% 17 = 0 THEN 'did_not_attend'
         ELSE 'completed' END AS status
FROM generate_series(0, %(visits)s - 1) AS n,
    (SELECT array_agg(id) AS ids, count(*) AS many FROM patients_patient) AS p,
    (SELECT array_agg(id) AS ids FROM practice_practitioner) AS c,
    (SELECT array_agg(id) AS ids FROM practice_location) AS l,
    (SELECT array_agg(id) AS ids FROM practice_appointmenttype) AS t,
    LATERAL (SELECT date_trunc('day', now()) - interval '2 hours'
        + make_interval(days => {DAYS_AHEAD} - (n / {A_DAY})::int,
                        mins => 30 * ((n / 20) %% 15)::int) AS at) AS s
"""  # noqa: S608 - of constants
NOTES = """
SELECT a.patient_id, a.practitioner_id, a.starts_at AS noted_at, 'signed' AS state,
    a.starts_at AS signed_at, true AS is_imported, 'Progress note' AS title,
    repeat('Walked further, slept better, same exercises. ', 8) AS body
FROM (SELECT * FROM appointments_appointment WHERE status = 'completed'
      LIMIT %(notes)s) AS a
"""


def fill(raw: psycopg.Connection, clinic: Tenant, *, patients: int, visits: int) -> None:
    """Put patients, visits and a note for every tenth visit into the clinic; says how long it took."""
    from clinical.patients.summaries import rebuild
    from tenants.scope import tenant_scope

    started = time.perf_counter()
    gather(raw, clinic.schema_name, count=patients)
    raw.execute("SET session_replication_role = replica")
    raw.execute("DELETE FROM appointments_appointment")
    for table, query in (
        ("practice_location", LOCATIONS),
        ("practice_fundingtype", FUNDING),
        ("practice_appointmenttype", TYPES),
    ):
        _insert(raw, table, query)
    raw.execute(PLACED)
    _insert(raw, "appointments_appointment", VISITS, visits=visits)
    _insert(raw, "notes_note", NOTES, notes=visits // 10)
    raw.execute("SET session_replication_role = DEFAULT")
    made = time.perf_counter()
    with tenant_scope(clinic):
        rebuild()
    summed = time.perf_counter()
    raw.execute("VACUUM ANALYZE")
    print(
        f"{patients:,} patients, {visits:,} visits and {visits // 10:,} notes made in "
        f"{made - started:.0f} s; their summaries in {summed - made:.1f} s"
    )


def _insert(raw: psycopg.Connection, table: str, query: str, **values: int) -> None:
    """Insert what a query selects, by its columns' names; what it leaves out and must be gets filler."""
    probe = raw.execute(f"SELECT * FROM ({query}) AS q LIMIT 0", values)  # noqa: S608 - our own
    given = [column.name for column in probe.description or ()]
    rest = raw.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = "
        "current_schema() AND table_name = %s AND is_nullable = 'NO' AND column_default IS NULL "
        "AND is_generated = 'NEVER' AND is_identity = 'NO' AND column_name <> ALL (%s)",
        [table, given],
    ).fetchall()
    columns = ", ".join([*given, *(name for name, _kind in rest)])
    fillers = "".join(f", {_FILLER[kind]}" for _name, kind in rest)
    raw.execute(f"INSERT INTO {table} ({columns}) SELECT q.*{fillers} FROM ({query}) AS q", values)  # noqa: S608
