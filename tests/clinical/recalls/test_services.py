from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied

from clinical.appointments.services import book_appointment, change_status
from clinical.practice.models import AppointmentType
from clinical.recalls import selectors, services
from clinical.recalls.models import Recall, RecallType
from clinical.recalls.selectors import RecallFilter, Window

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)


@pytest.fixture
def robin(in_alpha, person):
    return person("reception", name="Robin")


@pytest.fixture
def review(in_alpha):
    kind = AppointmentType.objects.create(name="Review")
    return RecallType.objects.create(
        name="Six-month review", months=6, appointment_type=kind, is_automatic=True
    )


@pytest.fixture
def due(robin, review, patient):
    def make(day=TODAY, name="Ada North", kind=review):
        return services.add_recall(
            actor=robin, at=NOW, patient=patient(name), kind=kind, due_on=day
        )

    return make


def _names(actor, window, **more):
    page = selectors.list_recalls(actor, RecallFilter(window, **more), today=TODAY)
    return [one.patient.given_names for one in page.recalls]


def test_each_window_holds_what_it_says(robin, due):
    for days, name in ((-30, "Late X"), (1, "Week X"), (20, "Soon X"), (90, "Far X")):
        due(TODAY + timedelta(days=days), name)

    assert {window: _names(robin, window) for window in Window} == {
        Window.DUE: ["Late", "Week"], Window.OVERDUE: ["Late"], Window.WEEK: ["Week"],
        Window.SOON: ["Week", "Soon"], Window.WAITING: ["Late", "Week", "Soon", "Far"],
        Window.HIDDEN: [], Window.BOOKED: [], Window.DECLINED: [],
    }  # fmt: skip


def test_a_contact_is_counted_hides_and_leads_where_it_should(robin, due):
    recall = due()
    tell = {"actor": robin, "at": NOW, "today": TODAY, "way": "phone"}

    services.log_contact(recall, outcome="message_left", hide_days=7, **tell)

    assert (recall.state, recall.reminders, recall.hidden_until) == (
        "contacted", 1, TODAY + timedelta(days=7),
    )  # fmt: skip
    assert (_names(robin, Window.DUE), _names(robin, Window.HIDDEN)) == ([], ["Ada"])
    services.log_contact(recall, outcome="declined", hide_days=7, note="Moved", **tell)
    assert (recall.state, recall.reminders, recall.hidden_until) == ("declined", 2, None)
    assert [one.note for one in selectors.contacts_of(recall)] == ["Moved", ""]
    services.reopen_recall(recall, actor=robin)
    assert _names(robin, Window.DUE) == ["Ada"]


def test_nobody_waits_twice_for_the_same_and_not_everybody_may_add(robin, due, review, person):
    recall = due()

    with pytest.raises(services.AlreadyWaitingError, match="21 November"):
        services.add_recall(actor=robin, at=NOW, patient=recall.patient, kind=review, due_on=TODAY)
    for role in ("billing", "coordinator"):
        someone = person(role)
        assert _names(someone, Window.WAITING) == []
        with pytest.raises(PermissionDenied):
            services.add_recall(
                actor=someone, at=NOW, patient=recall.patient, kind=review, due_on=TODAY
            )


def test_a_matching_visit_answers_it_and_calling_that_off_opens_it_again(robin, due, review):
    recall = due(TODAY + timedelta(days=14))
    others = due(TODAY + timedelta(days=300), "Bea Far")
    other_kind = AppointmentType.objects.create(name="Walk")
    start = datetime.now(UTC) + timedelta(days=10)

    def book(patient, kind, hours=0):
        return book_appointment(
            actor=robin, starts_at=start + timedelta(hours=hours), minutes=30, patient=patient,
            appointment_type=kind,
        )  # fmt: skip

    book(recall.patient, other_kind)
    book(others.patient, review.appointment_type, hours=1)
    assert set(Recall.objects.values_list("state", flat=True)) == {"open"}
    visit = book(recall.patient, review.appointment_type, hours=2)
    recall.refresh_from_db()
    assert (recall.state, recall.appointment) == ("booked", visit)
    change_status(visit, actor=robin, at=datetime.now(UTC), status="cancelled", reason="ill")
    recall.refresh_from_db()
    assert (recall.state, recall.appointment) == ("open", None)


def test_a_completed_visit_starts_the_next_recall_once_and_a_slip_takes_it_back(
    robin, review, patient, appointment
):
    visit = appointment(
        datetime(2026, 8, 31, 0, 0, tzinfo=UTC), patient=patient(), status="in_session"
    )

    change_status(visit, actor=robin, at=NOW, status="completed")

    made = Recall.objects.get()
    assert (made.kind, made.due_on, made.after) == (review, date(2027, 2, 28), visit)
    change_status(visit, actor=robin, at=NOW, status="arrived")
    assert not Recall.objects.exists()
    review.is_automatic = False
    review.save()
    change_status(visit, actor=robin, at=NOW, status="completed")
    assert not Recall.objects.exists()


def test_the_list_costs_the_same_for_one_and_for_many(robin, due, django_assert_num_queries):
    due()
    with django_assert_num_queries(3):
        assert len(_names(robin, Window.DUE)) == 1
    for number in range(9):
        due(name=f"A{number} North")
    with django_assert_num_queries(3):
        assert len(_names(robin, Window.DUE)) == 10
