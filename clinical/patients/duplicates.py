"""People who may be here twice: found in the whole clinic at once, decided by a person.

One statement compares everybody. Records meet only within groups that an equality makes (the same
folded name, birthday, number), so the work grows with the clinic and not with its square.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Q
from django.shortcuts import get_object_or_404

from clinical.patients.models import DuplicateCandidate, DuplicateSearch, Patient, PatientMerge
from clinical.patients.rules import visible_patients

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User

State = DuplicateCandidate.State
EVIDENCE = {
    "healthcare": ("the same healthcare identifier", 90),
    "ndis": ("the same NDIS number", 90),
    "dva": ("the same DVA number", 80),
    "medicare_born": ("the same Medicare card and date of birth", 80),
    "xero": ("the same contact in Xero", 60),
    "name_born": ("the same name and date of birth", 70),
    "name_contact": ("the same name and the same phone or e-mail", 50),
    "given_born_contact": ("the same first name, date of birth and phone or e-mail", 60),
    "like_name_born": ("a similar name and the same date of birth", 40),
    "medicare_name": ("the same Medicare card and name", 60),
    "other_name": ("the same name and the same file number", 40),
}
"""Code → words, and how much it says. A Medicare card alone says a family."""
ALL_PAIRS_UP_TO = 12
"""Of a bigger group each is compared with the first only: a thousand records of one name and birthday
are a thousand pairs, not half a million."""
LIKE = 0.45
MOST_OF_A_BIRTHDAY = 80
"""On a day with more births than this the date is a stand-in (1/1/1900): it says nothing there."""

_PAIRS_WITHIN = """
    SELECT a.id AS one, b.id AS other, '{code}' AS code FROM {group} AS a
    JOIN {group} AS b ON {on} AND a.id < b.id
     AND (a.place <= {most} AND b.place <= {most} OR a.place = 1)
    {where}
"""


def _within(code: str, group: str, *equal: str, where: str = "") -> str:
    """Pair the rows of a group that agree in these columns; `place` counts within the agreement."""
    return _PAIRS_WITHIN.format(
        code=code,
        group=group,
        on=" AND ".join(f"a.{column} = b.{column}" for column in equal),
        most=ALL_PAIRS_UP_TO,
        where=f"WHERE {where}" if where else "",
    )


_BORN_AGREES = "(a.born IS NULL OR b.born IS NULL OR a.born = b.born)"
_FIND = f"""
WITH live AS MATERIALIZED (
    SELECT id, btrim(sort_name) AS name, date_of_birth AS born, xero_contact_id AS xero,
           split_part(btrim(fold_names(given_names, '', '', '')), ' ', 1) AS given
    FROM patients_patient WHERE merged_into_id IS NULL
), named AS MATERIALIZED (
    SELECT id, name, born, row_number() OVER (PARTITION BY name, born ORDER BY id) AS place
    FROM live WHERE name <> '' AND born IS NOT NULL
), birthdays AS MATERIALIZED (
    SELECT id, name, born FROM (
        SELECT id, name, born, count(*) OVER (PARTITION BY born) AS births FROM live
        WHERE born IS NOT NULL AND name <> '') AS counted
    WHERE births <= {MOST_OF_A_BIRTHDAY}
), numbers AS MATERIALIZED (
    SELECT DISTINCT l.id, l.name, l.born, i.kind, i.normalised AS number
    FROM patients_patientidentifier AS i JOIN live AS l ON l.id = i.patient_id
    WHERE length(i.normalised) >= 4
), cards AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY kind, number ORDER BY id) AS place FROM numbers
    WHERE kind IN ('health', 'ndis', 'dva')
), family_cards AS MATERIALIZED (
    SELECT id, name, born, kind, left(number, 10) AS number,
           row_number() OVER (PARTITION BY kind, left(number, 10), born ORDER BY id) AS place
    FROM numbers WHERE kind = 'medicare' AND born IS NOT NULL
), named_cards AS MATERIALIZED (
    SELECT id, name, born, kind, left(number, 10) AS number,
           row_number() OVER (PARTITION BY kind, left(number, 10), name ORDER BY id) AS place
    FROM numbers WHERE kind IN ('medicare', 'other') AND name <> ''
), reached AS MATERIALIZED (
    SELECT DISTINCT l.id, l.name, l.given, l.born, c.normalised AS contact
    FROM patients_contactpoint AS c JOIN live AS l ON l.id = c.patient_id
    WHERE length(c.normalised) >= 6
), named_contacts AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY name, contact ORDER BY id) AS place
    FROM reached WHERE name <> ''
), given_contacts AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY given, born, contact ORDER BY id) AS place
    FROM reached WHERE given <> '' AND born IS NOT NULL
), billed AS MATERIALIZED (
    SELECT id, xero, row_number() OVER (PARTITION BY xero ORDER BY id) AS place
    FROM live WHERE xero <> ''
), pairs AS (
    {_within("healthcare", "cards", "kind", "number", where="a.kind = 'health'")}
    UNION ALL {_within("ndis", "cards", "kind", "number", where="a.kind = 'ndis'")}
    UNION ALL {_within("dva", "cards", "kind", "number", where="a.kind = 'dva'")}
    UNION ALL {_within("medicare_born", "family_cards", "kind", "number", "born")}
    UNION ALL {
    _within(
        "medicare_name",
        "named_cards",
        "kind",
        "number",
        "name",
        where=f"a.kind = 'medicare' AND {_BORN_AGREES}",
    )
}
    UNION ALL {
    _within(
        "other_name",
        "named_cards",
        "kind",
        "number",
        "name",
        where=f"a.kind = 'other' AND {_BORN_AGREES}",
    )
}
    UNION ALL {_within("xero", "billed", "xero")}
    UNION ALL {_within("name_born", "named", "name", "born")}
    UNION ALL {_within("name_contact", "named_contacts", "name", "contact", where=_BORN_AGREES)}
    UNION ALL {_within("given_born_contact", "given_contacts", "given", "born", "contact")}
    UNION ALL SELECT a.id, b.id, 'like_name_born' FROM birthdays AS a
    JOIN birthdays AS b ON a.born = b.born AND a.id < b.id AND a.name <> b.name
    WHERE similarity(a.name, b.name) >= {LIKE}
), weighed AS (
    SELECT p.one, p.other, jsonb_agg(p.code ORDER BY w.weight DESC, p.code) AS evidence,
           least(100, sum(w.weight))::smallint AS score
    FROM (SELECT DISTINCT one, other, code FROM pairs) AS p
    JOIN unnest(%s::text[], %s::int[]) AS w (code, weight) ON w.code = p.code
    GROUP BY p.one, p.other
), apart AS (
    SELECT least(coalesce(x.merged_into_id, x.id), coalesce(y.merged_into_id, y.id)) AS one,
           greatest(coalesce(x.merged_into_id, x.id), coalesce(y.merged_into_id, y.id)) AS other
    FROM patients_duplicatecandidate AS c
    JOIN patients_patient AS x ON x.id = c.first_id
    JOIN patients_patient AS y ON y.id = c.second_id
    WHERE c.state = 'not_the_same'
), found AS (
    SELECT * FROM weighed AS w
    WHERE NOT EXISTS (SELECT FROM apart AS a WHERE a.one = w.one AND a.other = w.other)
), gone AS (
    DELETE FROM patients_duplicatecandidate AS c WHERE c.state = 'open'
       AND NOT EXISTS (SELECT FROM found AS f WHERE f.one = c.first_id AND f.other = c.second_id)
)
INSERT INTO patients_duplicatecandidate AS c
    (id, first_id, second_id, state, evidence, score, found_at, decided_by)
SELECT gen_random_uuid(), f.one, f.other, 'open', f.evidence, f.score, now(), '' FROM found AS f
ON CONFLICT (first_id, second_id) DO UPDATE SET evidence = EXCLUDED.evidence, score = EXCLUDED.score
WHERE c.state = 'open' AND (c.evidence, c.score) IS DISTINCT FROM (EXCLUDED.evidence, EXCLUDED.score)
"""  # noqa: S608 - constants of this module only
LOCK_OF_SEARCH = 0x647570
"""Second key of the advisory lock that lets one search of a clinic run at a time."""


@transaction.atomic
def search_for_duplicates(search: DuplicateSearch, *, now: datetime) -> DuplicateSearch:
    """Compare everybody with everybody; what was decided stays decided."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(current_setting('rls.tenant_id')::int, %s)",
            [LOCK_OF_SEARCH],
        )
        # Statistics of a clinic just imported are missing: a nested loop over it would take hours.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_FIND, [list(EVIDENCE), [weight for _words, weight in EVIDENCE.values()]])
        cursor.execute("SET LOCAL enable_nestloop = on")
    search.patients = Patient.objects.count()
    search.found = open_candidates().count()
    search.finished_at = now
    search.save(update_fields=["patients", "found", "finished_at"])
    return search


def open_candidates() -> QuerySet[DuplicateCandidate]:
    """Answer the pairs to be decided, both of whom are still here, strongest evidence first."""
    return DuplicateCandidate.objects.filter(
        state=State.OPEN, first__merged_into=None, second__merged_into=None
    )


@dataclass(frozen=True)
class Pair:
    """Two records of a candidate with what a line of a list shows of them."""

    candidate: DuplicateCandidate
    first: Patient
    second: Patient

    @property
    def evidence(self) -> list[str]:
        return words_of(self.candidate.evidence)


def words_of(codes: Iterable[str]) -> list[str]:
    return [EVIDENCE[code][0] for code in codes if code in EVIDENCE]


def list_pairs(actor: User, *, state: str = State.OPEN, limit: int, offset: int = 0) -> list[Pair]:
    """Answer pairs of a state that the actor may see."""
    found = (
        open_candidates()
        if state == State.OPEN
        else DuplicateCandidate.objects.filter(state=state).order_by("-decided_at", "id")
    )
    return pairs_of(actor, list(found[offset : offset + limit]))


def pairs_of(actor: User, candidates: Sequence[DuplicateCandidate]) -> list[Pair]:
    ids = {pk for c in candidates for pk in (c.first_id, c.second_id)}
    shown = (
        visible_patients(actor, with_merged=True)
        .filter(pk__in=ids)
        .select_related("location", "funding_type")
        .prefetch_related("contact_points", "identifiers")
    )
    by_id = {patient.pk: patient for patient in shown}
    return [
        Pair(c, by_id[c.first_id], by_id[c.second_id])
        for c in candidates
        if c.first_id in by_id and c.second_id in by_id
    ]


def get_candidate(pk: UUID) -> DuplicateCandidate:
    """Answer a candidate; raises Http404 for an id of nothing."""
    return get_object_or_404(DuplicateCandidate, pk=pk)


def candidate_of(first: Patient, second: Patient) -> DuplicateCandidate | None:
    one, other = sorted((first.pk, second.pk))
    return DuplicateCandidate.objects.filter(first_id=one, second_id=other).first()


def candidates_about(patient: Patient) -> QuerySet[DuplicateCandidate]:
    """Answer the open pairs that the patient is one of."""
    return open_candidates().filter(Q(first=patient) | Q(second=patient))


def count_open() -> int:
    return open_candidates().count()


def latest_search() -> DuplicateSearch | None:
    return DuplicateSearch.objects.first()


def get_merge(pk: UUID) -> PatientMerge:
    """Answer a merge with its two records; raises Http404 for an id of nothing."""
    return get_object_or_404(PatientMerge.objects.select_related("winner", "loser"), pk=pk)


def latest_merges(*, limit: int) -> list[PatientMerge]:
    return list(PatientMerge.objects.select_related("winner", "loser")[:limit])


def merges_into(patient: Patient) -> list[PatientMerge]:
    """Answer what the patient's record was made of, the newest merge first."""
    return list(patient.merges.filter(undone_at=None).select_related("loser"))


def words_before(patients: Iterable[Patient]) -> dict[UUID, list[Patient]]:
    """Answer the records that were merged into each of these patients."""
    found: dict[UUID, list[Patient]] = {}
    for gone in Patient.everyone.filter(merged_into__in=[p.pk for p in patients]):
        found.setdefault(gone.merged_into_id, []).append(gone)  # type: ignore[arg-type]
    return found


def facts_of(rows: Iterable[Any]) -> list[str]:
    return sorted(str(row) for row in rows)
