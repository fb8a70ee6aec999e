"""While an NDIS visit is booked, plan, funds and price are looked at; nothing is refused."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from billing_integrations.ndis.booking import warnings_while_booking
from billing_integrations.ndis.facts import funds_left
from clinical.appointments.booking_warnings import Wish
from clinical.practice.models import AppointmentType, FundingType
from tests.billing_integrations.ndis.conftest import price_row

pytestmark = pytest.mark.urls("config.urls_clinic")


def _said(billing, patient, *days, minutes=50, **wish):
    starts = tuple(datetime.combine(billing.day(day), time(0, 30), UTC) for day in days)
    asked = Wish(
        patient=patient, starts=starts, minutes=minutes,
        **{"appointment_type": billing.kind, "location": billing.place, **wish},
    )  # fmt: skip
    return [
        f"{one.title} {one.text}"
        for one in warnings_while_booking(billing.owner, asked, billing.now)
    ]


def test_all_is_well_while_the_plan_runs_and_has_funds(billing):
    billing.prices()

    assert _said(billing, billing.participant(), 3, 10) == []


def test_the_end_of_the_plan_is_told(billing):
    billing.prices()
    ada, none = billing.participant(ends=billing.day(10)), billing.participant("No Plan")
    none.ndis_plans.all()[0].budgets.all().delete()
    none.ndis_plans.all().delete()

    after, series, nothing = (
        _said(billing, ada, 11), _said(billing, ada, 4, 11, 18), _said(billing, none, 3),
    )  # fmt: skip

    assert len(after) == len(series) == len(nothing) == 1
    assert after[0].startswith("The NDIS plan ends on ")
    assert "2 of the 3 visits are in no plan" in series[0]
    assert "There is no NDIS plan on record" in nothing[0]


def test_funds_that_do_not_suffice_and_missing_budgets_are_told(billing):
    billing.prices()
    ada, bea = billing.participant(amount=40_000), billing.participant("Bea South")
    bea.plan.budgets.update(category="01")
    first = billing.visit(ada, 2)

    enough = _said(billing, ada, 3)
    too_many = _said(billing, ada, 3, 10)
    moved = _said(billing, ada, 3, 10, appointment_id=first.pk)
    no_budget = _said(billing, bea, 3)

    assert (enough, moved) == ([], [])
    assert too_many == [
        "Not enough funds in 15 Improved daily living skills. These visits come to $316.24, and "
        "$241.88 is left."
    ]
    assert "The plan has no budget in 15 Improved daily living skills." in no_budget[0]


def test_a_price_above_the_limit_or_missing_is_told(billing):
    ada = billing.participant()
    before = _said(billing, ada, 3)
    billing.prices(price_row(price="180.00"))
    above = _said(billing, ada, 3)
    unpriced = _said(billing, ada, 3, appointment_type=AppointmentType.objects.create(name="Chat"))

    assert before == []  # no limits are loaded: the settings say so
    assert above == [
        "The price is above the NDIA's limit for 15_901_0128_1_3. $190.50 here, $180.00 at most."
    ]
    assert "No price is set for “Chat”" in unpriced[0]


def test_nobody_else_is_asked_about_plans(billing):
    ada = billing.participant()
    ada.funding_type = FundingType.objects.create(name="Private")
    ada.save()

    assert _said(billing, ada, 300) == []


def test_the_head_of_the_record_says_what_is_left(billing, django_assert_max_num_queries):
    ada = billing.participant(amount=20_000)
    billing.visit(ada, 2)
    private = billing.participant("Not Ndis")
    private.plan_start = private.plan_end = None

    with django_assert_max_num_queries(10):
        (fact,) = funds_left(billing.owner, ada, billing.now)
    with django_assert_max_num_queries(0):
        nothing = list(funds_left(billing.owner, private, billing.now))

    assert (fact.value, fact.tone, nothing) == ("15 $41.88", "", [])
    billing.visit(ada, 4)
    assert next(iter(funds_left(billing.owner, ada, billing.now))).tone == "danger"
