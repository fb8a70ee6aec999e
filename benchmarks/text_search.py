"""Finding words in notes: the definer function against plain questions under row-level security.

All run as nexus_app in the clinic's scope, side by side on the same notes: a column searched by `@@`
as it stands, and ILIKE, which is what Django's `icontains` sends.
Usage: python benchmarks/text_search.py [notes]
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "platform")]

from benchmarks.crowd import FIRST, LAST, MIDDLE, gather  # noqa: E402 - found by the line above
from benchmarks.stage import as_superuser, new_clinic, stage  # noqa: E402 - found by the line above

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from tenants.models import Tenant

REPEATS = 5
A_NOTE = 120
"""Words."""
A_PATIENT = 50
"""Notes."""
WORDS = (
    "knee shoulder ankle hip flexion extension swelling tender strength balance gait stairs sleep "
    "morning evening programme exercise band squat bridge step walk swim garden work lifting reach "
    "grip numbness tingling radiating sharp dull ache stiff improved worse settled review weeks days "
    "goal home visit wheelchair rail shower transfer communication swallow reading sensory school "
    "patient reports today treatment tolerated well plan continue discussed education given using"
).split()
RARE = "sesamoiditis"
VOCABULARY = 4000
SEARCHES = (RARE, "knee stiff swim", "wheelchair shower transf", "knee")

MAKE = """
INSERT INTO notes_note (id, patient_id, author_name, kind, title, body, noted_at, state, extra,
    source_note, created_at, changed_at, signed_at)
SELECT gen_random_uuid(), p.id, 'Cleo Vale', 'SOAP note', '',
    (SELECT string_agg((%(words)s::text[])[1 + floor(power(random(), 3) * %(count)s)::int
        + 0 * (n + w)], ' ') FROM generate_series(1, %(length)s) AS w)
        || CASE WHEN n %% 2000 = 0 THEN ' ' || %(rare)s ELSE '' END,
    now() - n * interval '7 minutes', 'signed', '{}', '', now(), now(), now()
FROM generate_series(1, %(notes)s) AS n
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS place FROM patients_patient) AS p
  ON p.place = 1 + n / %(a_patient)s
"""


def main(notes: int = 100_000) -> None:
    with stage() as servers:
        clinic = new_clinic("Crowded")
        with as_superuser(servers, clinic) as raw:
            _fill(raw, clinic, notes)
        _measure(clinic, notes)


def _fill(raw: psycopg.Connection, clinic: Tenant, notes: int) -> None:
    """Put so many notes into the clinic, triggers off: what is measured is finding, not writing."""
    gather(raw, clinic.schema_name, count=notes // A_PATIENT + 1)
    raw.execute("SET session_replication_role = replica")
    made = (f"{a}{b}{c}".lower() for a in FIRST for b in MIDDLE for c in LAST)
    words = [*WORDS, *made][:VOCABULARY]
    numbers = {"notes": notes, "a_patient": A_PATIENT, "length": A_NOTE, "count": len(words)}
    raw.execute(MAKE, {"words": words, "rare": RARE, **numbers})
    raw.execute("VACUUM ANALYZE notes_note")


def _measure(clinic: Tenant, notes: int) -> None:
    from accounts.models import User
    from clinical.patients.models import Patient
    from clinical.search.finding import search_texts
    from tenants.scope import Actor, tenant_scope

    with tenant_scope(clinic):
        reader = User.objects.create(email="cleo@bench.example", name="Cleo", role="clinician")
        somebody = Patient.objects.filter(clinical_notes__isnull=False).first()
    print(
        f"{notes:,} notes of {A_NOTE} words; median of {REPEATS}, as nexus_app under its policies"
    )
    print(f"{'typed':<26}{'ILIKE':>10}{'@@':>10}{'function':>10}{'page':>10}   @@ / function")
    with tenant_scope(clinic, actor=Actor(str(reader.pk), reader.name)):
        for typed in SEARCHES:
            by_like = _timed(lambda typed=typed: _ask(LIKE, [f"%{w}%" for w in typed.split()]))
            by_match = _timed(lambda typed=typed: _ask([MATCH], [_query(typed)]))
            words = typed.split()
            ours = _timed(lambda words=words: _ask([FUNCTION], [" ".join(words[:-1]), words[-1]]))
            page = _timed(lambda typed=typed: search_texts(typed, actor=reader, only="notes"))
            row = "".join(f"{spent:>7.1f} ms" for spent in (by_like, by_match, ours, page))
            print(f"{typed:<26}{row}{by_match / ours:>12.1f}x")
        spent = _timed(lambda: search_texts("knee", actor=reader, patient=somebody, only="notes"))
        print(f"{'knee, of one patient':<56}{spent:>7.1f} ms")


LIKE = ("SELECT id FROM notes_note WHERE ", "body ILIKE %s", " ORDER BY noted_at DESC LIMIT 50")
MATCH = (
    "SELECT id FROM notes_note WHERE search @@ to_tsquery('pg_catalog.english', %s) "
    "ORDER BY noted_at DESC LIMIT 50"
)
FUNCTION = "SELECT found_id FROM search_notes_note(%s, %s, NULL, 50)"


def _query(typed: str) -> str:
    return " & ".join(typed.split()) + ":*"


def _ask(statement: tuple[str, ...] | list[str], values: list[str]) -> None:
    from django.db import connection

    head, *rest = statement
    text = head
    if rest:
        condition, tail = rest
        text = head + " AND ".join([condition] * len(values)) + tail
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        cursor.fetchall()


def _timed(search: Callable[[], object]) -> float:
    """Answer the median in milliseconds."""
    search()
    spent = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        search()
        spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
