"""What the desk should know before an NDIS visit is booked. It is never stopped."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.urls import reverse

from billing_integrations.invoices.payers import is_ndis
from billing_integrations.ndis.funds import plan_at, uses_of
from billing_integrations.ndis.limits import LimitBook, RegionBook
from billing_integrations.ndis.visits import VisitPrices
from clinical.appointments.booking_warnings import BookingWarning
from clinical.funding.models import NdisPlan, PlanBudget
from clinical.funding.selectors import Use
from clinical.practice.clock import zone_of
from ui.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date, datetime

    from accounts.models import User
    from billing_integrations.ndis.visits import PricedVisit
    from clinical.appointments.booking_warnings import Wish

_PLAN, _BUDGET, _FUNDS, _LIMIT, _PRICE = 10, 20, 30, 40, 60


def warnings_while_booking(_actor: User, wish: Wish, now: datetime) -> Iterator[BookingWarning]:
    """Say what is wrong with the plan, its funds or the price of what would be booked."""
    funding = wish.patient.funding_type
    if not is_ndis(funding):
        return
    zone = zone_of(wish.location)
    days = [start.astimezone(zone).date() for start in wish.starts]
    plans = list(NdisPlan.objects.filter(patient=wish.patient).prefetch_related("budgets"))
    url = reverse("funding:list", kwargs={"pk": wish.patient.pk})
    yield from _of_plans(plans, days, url)
    if wish.appointment_type is None or funding is None:
        return
    prices = VisitPrices.read()
    priced = [
        prices.price_of(wish.appointment_type.pk, funding.pk, wish.minutes, day) for day in days
    ]
    if not any(priced):
        yield BookingWarning(
            f"No price is set for “{wish.appointment_type}” under {funding}.",
            "The funds left cannot be checked.",
            order=_PRICE,
        )
        return
    yield from _of_funds(plans, wish, list(zip(days, priced, strict=True)), now, url)
    yield from _of_limit(wish, days[0], priced[0])


def _of_plans(
    plans: Sequence[NdisPlan], days: Sequence[date], url: str
) -> Iterator[BookingWarning]:
    outside = [day for day in days if plan_at(plans, day) is None]
    if not outside:
        return
    last = max((plan for plan in plans if plan.ends_on < outside[0]), default=None, key=_end)
    if not plans:
        title = "There is no NDIS plan on record."
    elif last is not None:
        title = f"The NDIS plan ends on {_day(last.ends_on)}."
    else:
        title = f"No NDIS plan covers {_day(outside[0])}."
    text = ""
    if len(days) > 1:
        text = f"{len(outside)} of the {len(days)} visits are in no plan."
    elif last is not None:
        text = f"Nothing covers {_day(outside[0])} yet: ask for the new plan."
    yield BookingWarning(title, text, url=url, url_label="Plans", order=_PLAN)


def _of_funds(
    plans: Sequence[NdisPlan],
    wish: Wish,
    priced: Sequence[tuple[date, PricedVisit | None]],
    now: datetime,
    url: str,
) -> Iterator[BookingWarning]:
    wanted: dict[tuple[NdisPlan, str], int] = defaultdict(int)
    for day, visit in priced:
        plan = plan_at(plans, day)
        if visit is not None and plan is not None:
            wanted[plan, visit.category] += visit.total_cents
    if not wanted:
        return
    uses = uses_of(plans, now=now, without=wish.appointment_id)
    for (plan, category), cents in wanted.items():
        label = _category(category)
        budget = next((one for one in plan.budgets.all() if one.category == category), None)
        if budget is None:
            yield BookingWarning(
                f"The plan has no budget in {label}.",
                f"This would take {money(cents)} of it.",
                url=url, url_label="Plan", order=_BUDGET,
            )  # fmt: skip
            continue
        planned = budget.amount_cents if budget.agreed_cents is None else budget.agreed_cents
        left = planned - uses[plan.pk].get(category, Use()).cents
        if cents > left:
            what = "This visit comes" if len(priced) == 1 else "These visits come"
            yield BookingWarning(
                f"Not enough funds in {label}.",
                f"{what} to {money(cents)}, and {money(left) if left > 0 else 'nothing'} is left.",
                url=url, url_label="Plan", order=_FUNDS,
            )  # fmt: skip


def _of_limit(wish: Wish, day: date, visit: PricedVisit | None) -> Iterator[BookingWarning]:
    if visit is None:
        return
    book = LimitBook.of([visit.code])
    if book.list_at(day) is None:
        return  # no price limits are loaded: the settings say so
    region = RegionBook.read().region_of(wish.location.pk if wish.location else None)
    limit = book.limit_at(visit.code, day, region)
    if limit is None:
        yield BookingWarning(
            f"{visit.code} is not in the NDIA's price limits on {_day(day)}.",
            "A claim for it would be refused.",
            order=_LIMIT,
        )
    elif limit.cents is not None and visit.unit_cents > limit.cents:
        yield BookingWarning(
            f"The price is above the NDIA's limit for {visit.code}.",
            f"{money(visit.unit_cents)} here, {money(limit.cents)} at most.",
            order=_LIMIT,
        )


def _end(plan: NdisPlan) -> date:
    return plan.ends_on


def _category(category: str) -> str:
    known = PlanBudget.Category.values
    return PlanBudget.Category(category).label if category in known else f"category {category}"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"
