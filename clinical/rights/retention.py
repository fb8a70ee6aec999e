"""How long each record must be kept: computed for all patients at once, from the policy's figures.

until = the latest of: last entry + years; the birthday of `minor_until` where anything was recorded
before the person was of age; death + years. A legal hold stands above all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import DateTimeField

from clinical.rights.presenting import columns_of
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from clinical.rights.policy import RetentionRule


@dataclass(frozen=True)
class Kept:
    """How long one record is kept, and why. `until` is the last day; None: for ever."""

    patient_id: UUID
    number: int
    name: str
    born: date | None
    first_entry: date
    last_entry: date
    died_on: date | None
    is_for_life: bool
    was_minor: bool
    until: date | None
    hold: str

    def is_due(self, today: date) -> bool:
        """True where nothing keeps it any longer."""
        return not self.hold and self.until is not None and self.until < today

    @property
    def why(self) -> str:
        """Say what decides in the end."""
        return f"Legal hold: {self.hold}" if self.hold else self.why_by_law

    @property
    def why_by_law(self) -> str:
        """Say what decides how long the law keeps it, holds aside."""
        if self.is_for_life:
            return "Kept for life"
        if self.was_minor:
            return "Was a minor at an entry"
        if self.born is None:
            return "Date of birth not known"
        if self.died_on:
            return f"Died on {self.died_on:%-d %b %Y}"
        return f"Last entry {self.last_entry:%-d %b %Y}"


_KEPT = """
WITH entries AS (@entries@), spans AS (
    SELECT coalesce(p.merged_into_id, p.id) AS id, min(e.on_day) AS first_entry,
           max(e.on_day) AS last_entry
      FROM entries e JOIN patients_patient p ON p.id = e.patient_id
     WHERE e.on_day <= %(today)s
     GROUP BY 1
), found AS (
    SELECT p.id, p.number, btrim(p.given_names || ' ' || p.family_name) AS name,
           p.date_of_birth AS born,
           coalesce(s.first_entry, p.created_at::date) AS first_entry,
           coalesce(s.last_entry, p.created_at::date) AS last_entry,
           f.died_on, coalesce(f.is_for_life, false) AND %(for_life)s AS is_for_life,
           coalesce(coalesce(s.first_entry, p.created_at::date)
                    < p.date_of_birth + make_interval(years => %(majority)s), false) AS was_minor
      FROM patients_patient p
      LEFT JOIN spans s ON s.id = p.id
      LEFT JOIN rights_retentionfact f ON f.patient_id = p.id
     WHERE p.merged_into_id IS NULL AND (%(all)s OR p.id = ANY (%(ids)s::uuid[]))
)
SELECT f.id, f.number, f.name, f.born, f.first_entry, f.last_entry, f.died_on, f.is_for_life,
       f.was_minor,
       CASE WHEN f.is_for_life THEN NULL ELSE greatest(
           f.last_entry + make_interval(years => %(years)s),
           CASE WHEN f.was_minor THEN f.born + make_interval(years => %(minor_until)s) END,
           CASE WHEN f.born IS NULL
                THEN f.last_entry + make_interval(years => %(unknown)s) END,
           f.died_on + make_interval(years => %(deceased)s))::date END AS until,
       coalesce((SELECT h.why FROM rights_legalhold h
                  WHERE h.patient_id = f.id AND h.lifted_at IS NULL
                    AND (h.until IS NULL OR h.until >= %(today)s)
                  ORDER BY h.placed_at LIMIT 1), '') AS hold
  FROM found f
"""


def kept_of(ids: Iterable[UUID], rule: RetentionRule, *, today: date) -> dict[UUID, Kept]:
    """Answer how long the records of these patients are kept."""
    wanted = [str(pk) for pk in ids]
    return {kept.patient_id: kept for kept in _ask(rule, today=today, ids=wanted)}


def due_for_destruction(rule: RetentionRule, *, today: date, limit: int = 1000) -> list[Kept]:
    """Answer the records that nothing keeps any longer, the oldest first: one statement for all."""
    where = "SELECT * FROM kept WHERE until < %(today)s AND hold = '' ORDER BY until, id LIMIT %(limit)s"
    return _ask(rule, today=today, ids=None, around=where, limit=limit)


def count_due(rule: RetentionRule, *, today: date) -> int:
    with connections[current_scope().alias].cursor() as cursor:
        statement = (
            f"SELECT count(*) FROM ({_statement(rule)}) k WHERE until < %(today)s AND hold = ''"  # noqa: S608 - see _statement
        )
        cursor.execute(statement, _values(rule, today, None))
        return int(cursor.fetchone()[0])


def _ask(
    rule: RetentionRule, *, today: date, ids: list[str] | None, around: str = "", limit: int = 0
) -> list[Kept]:
    statement = _statement(rule)
    if around:
        statement = f"WITH kept AS ({statement}) {around}"
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(statement, {**_values(rule, today, ids), "limit": limit})
        return [Kept(*row) for row in cursor.fetchall()]


def _statement(rule: RetentionRule) -> str:
    """Put the statement together from tables and columns that the policy names and the schema has."""
    entries = []
    for name, column in rule.entries.items():
        found = columns_of(name).get(column)
        if found is None:
            continue
        day = f'"{column}"'
        if isinstance(found, DateTimeField):
            day = f"({day} AT TIME ZONE 'UTC')::date"
        entries.append(
            f'SELECT patient_id, {day} AS on_day FROM "{name}" '  # noqa: S608 - tables of our models
            f'WHERE patient_id IS NOT NULL AND "{column}" IS NOT NULL'
        )
    entries = entries or ["SELECT NULL::uuid AS patient_id, NULL::date AS on_day WHERE false"]
    joined = " UNION ALL ".join(entries)
    return _KEPT.replace("@entries@", joined)


def _values(rule: RetentionRule, today: date, ids: list[str] | None) -> dict[str, Any]:
    return {
        "today": today,
        "years": rule.years,
        "majority": rule.majority,
        "minor_until": rule.minor_until,
        "unknown": rule.unknown_birth_years,
        "deceased": rule.deceased_years,
        "for_life": rule.is_for_life_if_impaired,
        "all": ids is None,
        "ids": ids or [],
    }
