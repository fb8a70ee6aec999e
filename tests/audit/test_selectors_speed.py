"""Every question to a trail of a hundred thousand events goes through an index, under the policy."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.selectors import Cursor, EventFilter, events_about, latest_events
from tenants.scope import tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def long_trail(alpha, superuser):
    superuser.execute(f"SET search_path = {alpha.schema_name}")
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(
        "INSERT INTO audit_event (at, tx, actor_id, action, object_type, object_id, subject_id,"
        " commitment) SELECT now() - i * interval '1 second', i, 'a-' || i % 50,"
        " (ARRAY['view', 'update'])[1 + i % 2], 'table_' || i % 20, 'o-' || i, 'p-' || i % 3000, ''"
        " FROM generate_series(1, 100000) AS i"
    )
    superuser.execute("ANALYZE audit_event")
    return alpha


QUESTIONS = {
    "newest": latest_events,
    "older": lambda: latest_events(after=_nine_hours_ago()),
    "newer": lambda: latest_events(before=_nine_hours_ago()),
    "person": lambda: latest_events(EventFilter(actor_id="a-7")),
    "thing": lambda: latest_events(EventFilter(object_type="table_3", object_id="o-3")),
    "patient": lambda: latest_events(EventFilter(subject_id="p-7")),
    "dates": lambda: latest_events(
        EventFilter(since=_nine_hours_ago().at, until=timezone.now() - timedelta(hours=8))
    ),
    "history": lambda: list(events_about("p-7")[:50]),
}


def _nine_hours_ago() -> Cursor:
    return Cursor(timezone.now() - timedelta(hours=9), 7)


def test_every_question_goes_through_an_index(long_trail):
    plans = {}
    with tenant_scope(long_trail), connection.cursor() as cursor:
        for name, ask in QUESTIONS.items():
            with CaptureQueriesContext(connection) as asked:
                ask()
            [question] = [query["sql"] for query in asked if "audit_event" in query["sql"]]
            cursor.execute(f"EXPLAIN {question}")
            plans[name] = "\n".join(row[0] for row in cursor.fetchall())

    partition = f"audit_event_{timezone.now().year}"
    scanned = [name for name, plan in plans.items() if f"Seq Scan on {partition}" in plan]
    assert (scanned, len(plans)) == ([], 8)
