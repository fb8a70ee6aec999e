from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import services
from audit.models import Event
from audit.selectors import Cursor, EventFilter, events_about, latest_events
from tenants.scope import tenant_scope


def test_the_history_of_a_patient_is_theirs_alone_newest_first(alpha, beta):
    with tenant_scope(beta):
        services.record("view", object_type="page", subject_id="p-1")
    with tenant_scope(alpha):
        first = services.record("view", object_type="page", subject_id="p-1")
        services.record("view", object_type="page", subject_id="p-2")
        last = services.record("export", object_type="page", subject_id="p-1")

        seen = [event.id for event in events_about("p-1")]

    assert seen == [last, first]


def test_every_field_of_a_filter_narrows(in_alpha):
    wanted = services.record("view", object_type="page", object_id="1", subject_id="p")
    services.record("export", object_type="letter", object_id="2", subject_id="q")
    event = Event.objects.get(pk=wanted)
    tomorrow = timezone.now() + timedelta(days=1)

    for narrow in (
        EventFilter(action="view"),
        EventFilter(object_type="page"),
        EventFilter(object_id="1"),
        EventFilter(subject_id="p"),
        EventFilter(since=event.at, until=event.at + timedelta(microseconds=1)),
    ):
        assert [event.id for event in latest_events(narrow).events] == [wanted]
    assert latest_events(EventFilter(since=tomorrow)).events == []


def test_events_of_one_moment_are_paged_by_their_number(in_alpha):
    ids = [services.record("view", object_type="page") for _ in range(5)]

    seen, after = [], None
    while True:
        page = latest_events(after=after, size=2)
        seen += [event.id for event in page.events]
        after = page.older
        if after is None:
            break

    assert seen == ids[::-1]


@pytest.mark.parametrize("text", ["", "x", "1", "1-", "-1", "99999999999999999999999-1"])
def test_a_cursor_that_is_none_is_ignored(text):
    assert Cursor.parse(text) is None


def test_a_cursor_survives_the_address(in_alpha):
    services.record("view", object_type="page")
    cursor = Cursor.of(Event.objects.get())

    assert Cursor.parse(str(cursor)) == cursor
