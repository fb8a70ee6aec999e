"""All that is known of a patient, in order, in pages, to whom it is open."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing_integrations.invoices.models import PastInvoice
from clinical.documents.models import Document, ImageBatch
from clinical.letters.models import Letter
from clinical.messages.models import Message, Reminder
from clinical.notes.models import Note
from clinical.patients.timeline import Edge, timeline_of
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

NOON = datetime(2026, 3, 10, 1, tzinfo=UTC)


@pytest.fixture
def ada(alpha, patient):
    with tenant_scope(alpha):
        return patient("Ada North")


def _fill(patient, appointment, *, days: int) -> None:
    for number in range(days):
        at = NOON + timedelta(days=number)
        appointment(at, patient=patient)
        Note.objects.create(patient=patient, title="Note", noted_at=at, state="signed")
        Letter.objects.create(patient=patient, subject="Letter", letter_date=at.date())
        Reminder.objects.create(patient=patient, due_at=at, body="See you")
        Message.objects.create(patient=patient, sent_at=at, body="Hello")
        Document.objects.create(patient=patient, title="Scan", dated_on=at.date())
        ImageBatch.objects.create(patient=patient, name="Photos", taken_on=at.date())
        PastInvoice.objects.create(patient=patient, number="7", issued_on=at.date())


def test_everything_stands_in_the_order_in_which_it_came(in_alpha, person, patient, appointment):
    ada, owner = patient(), person("owner")
    appointment(NOON, patient=ada)
    Note.objects.create(patient=ada, title="Note", noted_at=NOON + timedelta(hours=1))
    Letter.objects.create(patient=ada, subject="Later", letter_date=date(2026, 3, 12))
    Letter.objects.create(patient=ada, subject="Same day", letter_date=date(2026, 3, 10))

    page = timeline_of(owner, ada)

    assert [entry.line.title for entry in page.entries] == [
        "Later",
        "Note",
        "Appointment",
        "Same day",
    ]
    assert page.entries[0].day == date(2026, 3, 12)


def test_what_has_no_date_of_its_own_is_not_lost(in_alpha, person, patient):
    ada = patient()
    Letter.objects.create(patient=ada, subject="Undated")

    (entry,) = timeline_of(person("owner"), ada).entries

    assert (entry.line.title, entry.is_dated) == ("Undated", False)


def test_pages_hold_everything_once(in_alpha, person, patient, appointment):
    ada, owner = patient(), person("owner")
    _fill(ada, appointment, days=12)

    seen, before = [], None
    while True:
        page = timeline_of(owner, ada, before=before)
        seen += [(entry.source.key, entry.moment) for entry in page.entries]
        if page.older is None:
            break
        before = Edge.read(str(page.older))

    assert len(seen) == len(set(seen)) == 12 * 8
    assert [moment for _, moment in seen] == sorted((m for _, m in seen), reverse=True)


@pytest.mark.parametrize(
    ("role", "kinds"),
    [
        ("owner", 8),
        ("clinician", 7),
        ("reception", 7),
        ("billing", 2),
    ],
)
@pytest.mark.usefixtures("in_alpha")
def test_each_role_sees_its_own_kinds(person, patient, appointment, role, kinds):
    ada = patient()
    _fill(ada, appointment, days=1)

    page = timeline_of(person(role), ada)

    filled = {entry.source.key for entry in page.entries}
    assert len(page.entries) == len(filled) == kinds
    assert filled <= {source.key for source in page.sources}
    if role in {"reception", "billing"}:
        assert "notes" not in {source.key for source in page.sources}


def test_a_coordinator_sees_appointments_of_their_own_only(in_alpha, person, patient, appointment):
    from clinical.patients.models import CoordinatorAssignment

    ada, bo, coordinator = patient(), patient("Bo Low"), person("coordinator")
    CoordinatorAssignment.objects.create(user=coordinator, patient=ada)
    for somebody in (ada, bo):
        _fill(somebody, appointment, days=1)

    assert [entry.source.key for entry in timeline_of(coordinator, ada).entries] == ["appointments"]
    assert timeline_of(coordinator, bo).entries == []


def test_the_page_takes_the_same_queries_for_one_day_and_for_many(alpha, sign_in, ada, appointment):
    owner = sign_in(alpha, "owner")

    def _count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert owner.get(f"/patients/{ada.pk}/timeline/").status_code == 200
        return sum(not re.match("SAVEPOINT|RELEASE", query["sql"]) for query in captured)

    with tenant_scope(alpha):
        _fill(ada, appointment, days=1)
    _count()  # the clinic's banner is looked up once, then cached
    once = _count()
    with tenant_scope(alpha):
        _fill(ada, appointment, days=20)

    assert _count() == once
    assert once <= 40


def test_the_page_is_narrowed_and_leads_on(alpha, sign_in, ada, appointment):
    with tenant_scope(alpha):
        _fill(ada, appointment, days=50)
    owner = sign_in(alpha, "owner")

    first = owner.get(f"/patients/{ada.pk}/timeline/?only=letters")
    older = owner.get(first.context["older_url"])

    assert len(first.context["page"].entries) == 40
    assert {entry.source.key for entry in older.context["page"].entries} == {"letters"}
    assert len(older.context["page"].entries) == 10


@pytest.mark.parametrize(
    "before", ["x", "2026-01-01T00:00:00~x", "2026-01-01T00:00:00Z", "~", "'--"]
)
def test_a_broken_address_shows_the_newest(alpha, sign_in, ada, before):
    answer = sign_in(alpha, "owner").get(f"/patients/{ada.pk}/timeline/", {"before": before})

    assert answer.status_code == 200
