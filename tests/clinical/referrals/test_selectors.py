"""Which visits count to which referral, and what is left of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from clinical.referrals import selectors, services
from clinical.referrals.models import Referral, ReferralVisit
from clinical.referrals.rules import TERMS

NOW = datetime(2026, 11, 20, 1, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture
def refer(in_alpha, person):
    actor = person("reception")

    def make(patient, kind="private", referred_on=date(2026, 10, 1), **fields):
        terms = TERMS[kind]
        columns = {
            "months": terms.months,
            "anchor": terms.anchor,
            "sessions_allowed": terms.sessions,
            "counted": terms.counted,
            **fields,
        }
        return services.add_referral(
            patient, actor=actor, fields={"kind": kind, "referred_on": referred_on, **columns}
        )

    return make


def days_from_now(days: int) -> datetime:
    return NOW + timedelta(days=days)


def test_a_visit_that_is_booked_counts_to_the_oldest_referral_with_room(
    refer, patient, appointment
):
    ada = patient()
    first = refer(ada, sessions_allowed=2)
    second = refer(ada, referred_on=date(2026, 10, 9), sessions_allowed=5)
    for days in (-9, -2, 5):
        appointment(days_from_now(days), patient=ada)

    latest, earliest = selectors.standings_of(first_actor(), ada, now=NOW)

    assert (earliest.referral, earliest.used, earliest.booked, earliest.left) == (first, 2, 0, 0)
    assert (latest.referral, latest.used, latest.booked, latest.left) == (second, 0, 1, 4)
    assert selectors.current_of(ada, now=NOW).referral == second


def first_actor():
    from accounts.models import User

    return User.objects.get(role="reception")


def test_visits_before_the_referral_was_entered_count_from_its_start(refer, patient, appointment):
    ada = patient()
    for days in (-400, -9, -2):
        appointment(days_from_now(days), patient=ada)

    referral = refer(ada, sessions_allowed=5, used_before=1)

    standing = selectors.standing_of(referral, now=NOW)
    assert (standing.used, standing.left, standing.sessions_words) == (3, 2, "2 of 5 left")


def test_what_does_not_take_place_does_not_count(refer, patient, appointment):
    ada = patient()
    referral = refer(ada, sessions_allowed=5)
    visit = appointment(days_from_now(2), patient=ada)
    visit.status = "cancelled"
    visit.save()

    assert selectors.standing_of(referral, now=NOW).left == 5


def test_a_chronic_condition_plan_counts_by_calendar_year(refer, patient, appointment):
    ada = patient()
    referral = refer(ada, "chronic", date(2025, 10, 1))
    for month in (10, 11, 12):
        appointment(datetime(2025, month, 10, tzinfo=UTC), patient=ada)
    appointment(days_from_now(-3), patient=ada)

    standing = selectors.standing_of(referral, now=NOW)

    assert (standing.used, standing.left) == (1, 4)
    assert standing.ends_on == date(2027, 4, 10)


@pytest.mark.parametrize(
    ("kind", "ends_on"),
    [
        ("gp", date(2027, 10, 9)),
        ("specialist", date(2027, 1, 9)),
        ("dva", date(2027, 10, 1)),
        ("workcover", None),
    ],
)
def test_the_end_follows_from_the_kind(refer, patient, appointment, kind, ends_on):
    ada = patient()
    referral = refer(ada, kind)
    appointment(datetime(2026, 10, 9, tzinfo=UTC), patient=ada)

    assert selectors.standing_of(referral, now=NOW).ends_on == ends_on


def test_a_person_decides_to_which_referral_a_visit_counts(refer, patient, appointment):
    ada = patient()
    first, second = refer(ada), refer(ada, "gp")
    visit = appointment(days_from_now(2), patient=ada)
    assert selectors.standing_of_visit(visit, now=NOW)[0].referral in {first, second}

    services.count_visit_to(visit, actor=first_actor(), referral=second)
    chosen = selectors.standing_of_visit(visit, now=NOW)
    services.count_visit_to(visit, actor=first_actor(), referral=None)

    assert chosen[0].referral == second
    assert selectors.standing_of_visit(visit, now=NOW) == (None, True)
    assert services.link_visits(ada) == 0


def test_another_patients_referral_is_refused(refer, patient, appointment):
    ada, bea = patient(), patient("Bea South")
    theirs = refer(bea)
    visit = appointment(days_from_now(2), patient=ada)

    with pytest.raises(services.AnotherPatientsError):
        services.count_visit_to(visit, actor=first_actor(), referral=theirs)

    assert not ReferralVisit.objects.filter(referral=theirs).exists()


def test_the_list_names_what_runs_out_soonest_first(refer, patient, appointment):
    people = [patient(f"{name} North") for name in ("Ada", "Bea", "Cleo", "Dora", "Edie")]
    soon = refer(people[0], expires_on=TODAY + timedelta(days=20))
    nearly = refer(people[1], sessions_allowed=2)
    refer(people[2], sessions_allowed=9, expires_on=TODAY + timedelta(days=200))
    closed = refer(people[3], expires_on=TODAY + timedelta(days=3))
    services.close_referral(closed, actor=first_actor())
    just_over = refer(people[4], expires_on=TODAY - timedelta(days=3))
    appointment(days_from_now(-2), patient=people[1])

    listed = selectors.running_out(first_actor(), now=NOW)

    assert [one.referral for one in listed] == [just_over, soon, nearly]
    assert [one.tone for one in listed] == ["danger", "warning", "warning"]


def test_a_coordinator_lists_assigned_participants_only(refer, patient, person):
    ada = patient()
    refer(ada, expires_on=TODAY + timedelta(days=3))

    assert selectors.running_out(person("coordinator"), now=NOW) == []


def test_a_closed_referral_takes_no_visit_and_is_used_again(refer, patient, appointment):
    ada = patient()
    referral = refer(ada)
    services.close_referral(referral, actor=first_actor())
    appointment(days_from_now(2), patient=ada)
    closed = selectors.standing_of(referral, now=NOW).booked

    services.reopen_referral(referral, actor=first_actor())

    assert (closed, selectors.standing_of(referral, now=NOW).booked) == (0, 1)
    assert referral.state == Referral.State.ACTIVE
