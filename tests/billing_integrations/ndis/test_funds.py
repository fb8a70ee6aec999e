"""Funds left count each visit once: as booked, as invoiced, or as paid."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_integrations.invoices.models import WaivedVisit
from billing_integrations.invoices.services import (
    credit_invoice,
    issue_invoice,
    record_payment,
    void_invoice,
    write_off,
)
from billing_integrations.ndis.funds import uses_of
from clinical.appointments.models import Appointment
from clinical.funding.selectors import Use, lines_of

VISIT = 15_812
"""0.83 h at $190.50"""


def _use(patient, category="15"):
    return dict(uses_of([patient.plan])[patient.plan.pk]).get(category, Use())


def _charge(billing, visit, **more):
    return {"appointment": visit, "service_date": billing.day(-7), **more}


def test_a_visit_goes_from_booked_to_invoiced_to_paid(billing):
    ada = billing.participant()
    visit = billing.visit(ada)
    seen = [_use(ada)]

    draft = billing.invoice(ada, _charge(billing, visit), issued=False)
    seen.append(_use(ada))
    invoice = issue_invoice(draft, actor=billing.actor)
    seen.append(_use(ada))
    record_payment(invoice, 10_000, on=billing.today, method="ndia", actor=billing.actor)
    seen.append(_use(ada))
    record_payment(invoice, 5_812, on=billing.today, method="ndia", actor=billing.actor)
    seen.append(_use(ada))

    assert seen == [
        Use(VISIT), Use(VISIT), Use(0, VISIT), Use(0, VISIT - 10_000, 10_000), Use(0, 0, VISIT),
    ]  # fmt: skip
    assert lines_of(ada.plan)[0].left_cents == 500_000 - VISIT


def test_what_is_not_owed_any_more_is_not_counted(billing):
    ada = billing.participant()
    visits = [billing.visit(ada) for _ in range(3)]
    voided = billing.invoice(ada, _charge(billing, visits[0]))
    credited = billing.invoice(ada, _charge(billing, visits[1]))
    given_up = billing.invoice(ada, _charge(billing, visits[2]))

    void_invoice(voided, actor=billing.actor, reason="Wrong payer", on=billing.today)
    line = credited.lines.get()
    credit_invoice(
        credited, {line.pk: 5_000}, actor=billing.actor, reason="Too much", on=billing.today
    )
    write_off(given_up, actor=billing.actor, reason="Refused", on=billing.today)

    assert _use(ada) == Use(
        VISIT, VISIT - 5_000
    )  # the visit of the void invoice can be charged anew


def test_visits_that_cost_the_plan_nothing_are_left_out(billing):
    ada = billing.participant()
    billing.visit(ada, 5, status="cancelled")
    billing.visit(ada, 6, appointment_type=None)
    billing.visit(ada, 300)  # after the plan
    billing.visit(ada, -350)  # charged with another program: before the clinic charges here
    waived = billing.visit(ada, -3)
    WaivedVisit.objects.create(appointment=waived, waived_at=billing.now)
    billing.visit(ada, 7)

    assert _use(ada) == Use(VISIT)


def test_each_plan_has_its_own_and_agreed_goes_before_the_plans_amount(billing):
    ada = billing.participant(ends=billing.day(10))
    following = billing.participant("Not Used").plan
    following.patient, following.starts_on, following.ends_on = (
        ada,
        billing.day(11),
        billing.day(90),
    )
    following.save()
    ada.plan.budgets.update(agreed_cents=20_000)
    billing.visit(ada, 5)
    billing.visit(ada, 20)

    uses = uses_of([ada.plan, following])

    assert [uses[plan.pk]["15"] for plan in (ada.plan, following)] == [Use(VISIT), Use(VISIT)]
    assert lines_of(ada.plan)[0].left_cents == 20_000 - VISIT


STEPS = st.lists(
    st.sampled_from(["booked", "draft", "issued", "part", "paid", "cancelled", "credited"]),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(steps=STEPS, minutes=st.integers(5, 180))
def test_no_visit_is_ever_counted_twice(billing, steps, minutes):
    ada = billing.participant("Property North")
    hundredths = (minutes * 100 + 30) // 60
    each = (hundredths * 19_050 + 50) // 100
    for step in steps:
        visit = billing.visit(ada, -7 if step != "booked" else 3, minutes=minutes)
        if step == "cancelled":
            Appointment.objects.filter(pk=visit.pk).update(status="cancelled")
            continue
        if step == "booked":
            continue
        charge = _charge(billing, visit, quantity_hundredths=hundredths)
        invoice = billing.invoice(ada, charge, issued=step != "draft")
        if step in {"part", "paid"}:
            cents = each if step == "paid" else each // 2 or 1
            record_payment(invoice, cents, on=billing.today, method="ndia", actor=billing.actor)
        if step == "credited":
            shares = {invoice.lines.get().pk: each}
            credit_invoice(invoice, shares, actor=billing.actor, reason="x", on=billing.today)

    counted = _use(ada)

    live = [step for step in steps if step not in {"cancelled", "credited"}]
    half = each // 2 or 1
    assert counted.cents == each * len(live)
    assert counted.booked_cents == each * sum(step in {"booked", "draft"} for step in live)
    assert counted.paid_cents == each * live.count("paid") + half * live.count("part")
