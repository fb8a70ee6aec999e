"""NDIS plans follow each other, and the patient's plan dates follow them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from clinical.funding import selectors, services
from clinical.funding.facts import head_of_the_record
from clinical.funding.forms import BudgetForm
from clinical.funding.models import PlanBudget
from clinical.funding.tasks import keep_dates_everywhere
from clinical.patients.models import Patient


@pytest.fixture
def actor(in_alpha, person):
    return person("reception")


def days(number: int) -> date:
    return timezone.localdate() + timedelta(days=number)


def plan_dates(patient: Patient):
    return Patient.objects.values_list("plan_start", "plan_end").get(pk=patient.pk)


def add(patient, actor, starts, ends, **fields):
    fields = {"starts_on": days(starts), "ends_on": days(ends), **fields}
    return services.add_plan(patient, actor=actor, fields=fields)


def test_the_patients_dates_are_those_of_the_plan_that_runs(actor, patient):
    ada = patient()
    add(ada, actor, -400, -36)
    after_first = plan_dates(ada)
    running = add(ada, actor, -35, 100)
    add(ada, actor, 101, 400)

    assert after_first == (days(-400), days(-36))
    assert plan_dates(ada) == (running.starts_on, running.ends_on)
    assert selectors.current_of(ada, timezone.localdate()) == running


def test_a_change_and_a_removal_are_followed(actor, patient):
    ada = patient()
    old, running = add(ada, actor, -400, -36), add(ada, actor, -35, 100)

    services.change_plan(
        running, actor=actor, seen=running.changed_at, fields={"ends_on": days(50)}, budgets=[]
    )
    changed = plan_dates(ada)
    services.remove_plan(running, actor=actor)

    assert changed == (days(-35), days(50))
    assert plan_dates(ada) == (old.starts_on, old.ends_on)


def test_dates_without_a_plan_are_left_alone(actor, patient):
    ada = patient(plan_start=days(-5), plan_end=days(5))

    services.keep_dates(ada, today=timezone.localdate())
    changed = services.keep_all_dates(today=timezone.localdate())

    assert (changed, plan_dates(ada)) == (0, (days(-5), days(5)))


def test_once_a_day_the_dates_follow_the_next_plan(actor, patient):
    ada, bea = patient(), patient("Bea South")
    running = add(ada, actor, -35, 10)
    following = add(ada, actor, 11, 300)
    add(bea, actor, -5, 200)

    changed = services.keep_all_dates(today=days(11))

    assert changed == 1
    assert plan_dates(ada) == (following.starts_on, following.ends_on)
    assert services.keep_all_dates(today=days(11)) == 0
    assert services.keep_all_dates(today=timezone.localdate()) == 1
    assert plan_dates(ada) == (running.starts_on, running.ends_on)
    assert keep_dates_everywhere.name == "funding.keep_dates_everywhere"


def test_plans_that_overlap_or_end_early_are_refused(actor, patient):
    ada = patient()
    add(ada, actor, 0, 100)

    with pytest.raises(services.PlansOverlapError):
        add(ada, actor, 100, 300)
    with pytest.raises(services.PlanEndsBeforeItStartsError):
        add(ada, actor, 300, 200)
    assert ada.ndis_plans.count() == 1


def test_a_plan_changed_by_somebody_else_is_not_overwritten(actor, patient):
    plan = add(patient(), actor, 0, 100)
    seen = plan.changed_at - timedelta(seconds=1)

    with pytest.raises(services.PlanChangedError):
        services.change_plan(plan, actor=actor, seen=seen, fields={}, budgets=[])


def test_budgets_are_kept_by_category(actor, patient):
    plan = add(patient(), actor, 0, 100)
    wanted = [
        {"category": "15", "amount_cents": 1_234_560, "agreed_cents": 400_000, "note": ""},
        {"category": "01", "amount_cents": 90_000, "agreed_cents": None, "note": ""},
    ]
    services.change_plan(plan, actor=actor, seen=plan.changed_at, fields={}, budgets=wanted)
    first = plan.budgets.get(category="15").pk

    services.change_plan(plan, actor=actor, seen=plan.changed_at, fields={}, budgets=wanted[:1])

    assert [budget.pk for budget in plan.budgets.all()] == [first]
    with pytest.raises(services.CategoryTwiceError):
        services.change_plan(
            plan, actor=actor, seen=plan.changed_at, fields={}, budgets=[wanted[0], wanted[0]]
        )


@pytest.mark.parametrize(
    ("typed", "cents"),
    [("12,345.60", 1_234_560), ("$ 900", 90_000), ("0.1", 10), ("-1", None), ("1.005", None)],
)
def test_money_is_read_as_people_write_it(typed, cents):
    form = BudgetForm({"category": "15", "amount": typed})

    assert (form.columns()["amount_cents"] if form.is_valid() else None) == cents


@pytest.mark.urls("config.urls_clinic")
def test_the_head_says_how_long_the_plan_runs(actor, patient):
    ada, bea, cleo = patient(), patient("Bea South"), patient("Cleo West")
    add(ada, actor, -300, 12, management="plan")
    add(bea, actor, -300, -2)
    now = timezone.now()

    heads = [list(head_of_the_record(actor, who, now)) for who in (ada, bea, cleo)]

    assert [[(item.tone, type(item).__name__) for item in head] for head in heads] == [
        [("warning", "Fact")],
        [("danger", "Fact"), ("danger", "Banner")],
        [],
    ]
    assert heads[0][0].note == "12 days left · Plan-managed"


def test_what_was_invoiced_is_counted_where_somebody_knows_it(actor, patient, monkeypatch):
    plan = add(patient(), actor, 0, 100)
    PlanBudget.objects.create(plan=plan, category="15", amount_cents=1000, agreed_cents=600)
    monkeypatch.setattr(selectors, "_spent", [])
    before = selectors.lines_of(plan)[0]
    uses = {plan.pk: {"15": selectors.Use(100, 80, 70), "01": selectors.Use(5)}}
    monkeypatch.setattr(selectors, "_spent", [lambda _plans: uses])

    counted, stray = selectors.lines_of(plan)

    assert (before.spent_cents, before.left_cents) == (None, None)
    assert (counted.spent_cents, counted.left_cents) == (250, 350)
    assert (stray.budget.category, stray.left_cents, stray.is_in_plan) == ("01", -5, False)
