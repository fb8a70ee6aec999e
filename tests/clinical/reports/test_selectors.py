from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinical.practice.models import FundingType, Location, Practitioner, RosterHours
from clinical.reports import composing, selectors
from clinical.reports.period import Period

NINE = datetime(2026, 11, 1, 22, tzinfo=UTC)
"""Nine in the morning of Monday 2 November 2026 in Sydney."""
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture(autouse=True)
def clock():
    """The practice's own, as a request has it."""
    with timezone.override("Australia/Sydney"):
        yield


def figures(section):
    return {line.label: line.cells for line in section.lines}


def test_attendance_counts_each_status_once_and_no_blocked_time(in_alpha, appointment, patient):
    for number, status in enumerate(["completed", "completed", "did_not_attend", "cancelled"]):
        appointment(NINE + timedelta(hours=number), patient=patient(), status=status)
    appointment(NINE)  # blocked time
    appointment(NINE - timedelta(days=40), patient=patient())

    section = selectors.attendance(NOVEMBER)

    assert figures(section) == {"Completed": (2,), "Did not attend": (1,), "Cancelled": (1,)}
    assert [line.share for line in section.lines] == [50, 25, 25]
    assert section.about == "4 visits; 25.0 % did not attend"


def test_a_day_is_the_locations_own(in_alpha, appointment, patient):
    perth = Location.objects.create(name="Perth", time_zone="Australia/Perth")
    late = datetime(2026, 11, 30, 15, 30, tzinfo=UTC)  # 23:30 in Perth
    appointment(late, patient=patient(), location=perth)
    appointment(late + timedelta(hours=1), patient=patient(), location=perth)

    period = Period(date(2026, 11, 30), date(2026, 11, 30), location=perth)

    assert sum(cells[0] for cells in figures(selectors.attendance(period)).values()) == 1


def test_utilisation_is_booked_time_against_the_roster(in_alpha, appointment, patient):
    cleo = Practitioner.objects.create(name="Cleo Vane")
    RosterHours.objects.create(practitioner=cleo, weekday=0, starts="09:00", ends="13:00")
    appointment(NINE, minutes=60, patient=patient(), practitioner=cleo)
    appointment(NINE, minutes=60, patient=patient(), practitioner=cleo, status="cancelled")
    appointment(NINE, minutes=30, patient=patient())

    monday = Period(date(2026, 11, 2), date(2026, 11, 2))
    section = selectors.utilisation(monday)

    assert figures(section) == {"Cleo Vane": (1, 0, 1.0, 4.0), "No clinician": (1, 0, 0.5, "–")}
    assert [line.share for line in section.lines] == [25, None]


def test_a_new_patient_is_one_whose_first_visit_lies_in_the_period(in_alpha, appointment, patient):
    old, new = patient("Old Ada"), patient("New Ben")
    appointment(NINE - timedelta(days=90), patient=old)
    for who in (old, new, new):
        appointment(NINE, patient=who)

    assert figures(selectors.new_patients(NOVEMBER)) == {"November 2026": (1,)}


def test_funding_counts_visits_and_people(in_alpha, appointment, patient):
    ndis = FundingType.objects.create(name="NDIS")
    ada = patient("Ada North", funding_type=ndis)
    for who in (ada, ada, patient("Ben West")):
        appointment(NINE, patient=who)

    assert figures(selectors.funding(NOVEMBER)) == {"NDIS": (2, 1), "Not stated": (1, 1)}


def test_plans_that_end_soon_are_listed_soonest_first(in_alpha, patient):
    today = date(2026, 11, 21)
    for name, days in (("Past Pat", -1), ("Later Lea", 30), ("Today Tom", 0), ("Far Fay", 61)):
        patient(name, plan_end=today + timedelta(days=days))

    section = selectors.plan_expiries(NOVEMBER, today=today)

    assert [line.label for line in section.lines] == ["Today Tom", "Later Lea"]
    assert section.about == "2 within 60 days"


@pytest.mark.parametrize("visits", [1, 40])
def test_a_report_takes_as_many_queries_for_many_visits_as_for_one(
    in_alpha, appointment, patient, person, visits
):
    for number in range(visits):
        appointment(NINE + timedelta(minutes=number), patient=patient())
    owner = person("owner")

    with CaptureQueriesContext(connection) as queries:
        composing.report(owner, NOVEMBER, today=date(2026, 11, 21), now=NINE)

    assert len(queries) <= 12
