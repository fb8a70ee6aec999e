"""Questions about a clinic's texts: what a month has cost, why texts failed, how the last ones went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import BigIntegerField, Case, Count, Q, Sum, TextField, Value, When
from django.utils import timezone

from billing_integrations.sms.delivery import tests_of
from billing_integrations.sms.replies import REPLIES
from clinical.messages.models import Message
from connections.models import OutboxEntry

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from connections.models import Connection

MICROS_A_CURRENCY = 10_000
"""Messages keep hundredths of a cent."""
KINDS = {
    "reminder": "Reminders",
    "person": "Written by staff",
    "automatic": "Sent by Nexus (thanks, notices)",
}
REASONS_SHOWN = 8
MONTHS_BACK = 12


@dataclass(frozen=True)
class Line:
    """What one kind of text came to in a month. `cost` is in whole units of `currency`."""

    label: str
    texts: int
    segments: int
    delivered: int
    failed: int
    cost: float | None
    currency: str
    unpriced: int = 0


@dataclass(frozen=True)
class Month:
    """A month of texts."""

    first: date
    lines: list[Line]
    total: Line
    reasons: list[tuple[str, int]]
    received: int

    @property
    def delivered_share(self) -> int | None:
        """In per cent of the texts whose end is known."""
        ended = self.total.delivered + self.total.failed
        return round(100 * self.total.delivered / ended) if ended else None


def month_of(moment: date) -> Month:
    """Answer the month of a day, by the practice's clocks: two queries and one for the replies."""
    first = moment.replace(day=1)
    sent = _of_month(Message.Direction.OUT, first)
    kind = Case(
        When(reminder__isnull=False, then=Value("reminder")),
        When(~Q(written_by=""), then=Value("person")),
        default=Value("automatic"),
        output_field=TextField(),
    )
    rows = (
        sent.annotate(sort=kind)
        .values("sort", "currency")
        .annotate(
            texts=Count("pk"),
            parts=Sum("segments", default=0),
            delivered=Count("pk", filter=Q(state=Message.State.DELIVERED)),
            failed=Count("pk", filter=Q(state=Message.State.FAILED)),
            micros=Sum("cost_micros", output_field=BigIntegerField()),
            unpriced=Count("pk", filter=Q(cost_micros=None)),
        )
        .order_by("sort", "currency")
    )
    lines = _merged([
        Line(
            label=KINDS[row["sort"]],
            texts=row["texts"],
            segments=row["parts"],
            delivered=row["delivered"],
            failed=row["failed"],
            cost=None if row["micros"] is None else row["micros"] / MICROS_A_CURRENCY,
            currency=row["currency"],
            unpriced=row["unpriced"],
        )
        for row in rows
    ])  # fmt: skip
    failed = sent.filter(state=Message.State.FAILED).exclude(problem="")
    reasons = (
        failed.values_list("problem").annotate(texts=Count("pk")).order_by("-texts", "problem")
    )
    return Month(
        first=first,
        lines=lines,
        total=_total(lines),
        reasons=list(reasons[:REASONS_SHOWN]),
        received=_of_month(Message.Direction.IN, first).count(),
    )


def months(today: date) -> list[date]:
    """Answer the first days of the last months, the newest first."""
    first, found = today.replace(day=1), []
    for _ in range(MONTHS_BACK):
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def latest_tests(connection: Connection | None, limit: int = 5) -> list[OutboxEntry]:
    """Answer the latest texts people sent to themselves."""
    return list(tests_of(connection).order_by("-pk")[:limit])


def latest_replies(connection: Connection | None) -> OutboxEntry | None:
    """Answer how the vendor was last told where replies go."""
    if connection is None:
        return None
    asked = OutboxEntry.objects.filter(kind=REPLIES, subject_id=connection.pk)
    return asked.order_by("-pk").first()


def waiting_texts() -> int:
    """Answer how many texts wait to be sent that could be by now."""
    waiting = OutboxEntry.objects.filter(
        kind="sms.message", state=OutboxEntry.State.WAITING, not_before__lte=timezone.now()
    )
    return waiting.count()


def _of_month(direction: str, first: date) -> QuerySet[Message]:
    zone = timezone.get_current_timezone()
    following = (first + timedelta(days=32)).replace(day=1)
    return Message.objects.filter(
        channel=Message.Channel.SMS,
        direction=direction,
        sent_at__gte=datetime.combine(first, time.min, zone),
        sent_at__lt=datetime.combine(following, time.min, zone),
    ).exclude(provider="")


def _merged(lines: list[Line]) -> list[Line]:
    """Put texts without a price yet to those of their kind that have one."""
    found: dict[str, Line] = {}
    for line in lines:
        held = found.get(line.label)
        found[line.label] = line if held is None else _sum(line.label, [held, line])
    return list(found.values())


def _total(lines: list[Line]) -> Line:
    return _sum("All texts", lines)


def _sum(label: str, lines: list[Line]) -> Line:
    """Add lines up; of two currencies no cost is told."""
    currencies = sorted({line.currency for line in lines if line.cost is not None})
    costs = [line.cost for line in lines if line.cost is not None]
    return Line(
        label=label,
        texts=sum(line.texts for line in lines),
        segments=sum(line.segments for line in lines),
        delivered=sum(line.delivered for line in lines),
        failed=sum(line.failed for line in lines),
        cost=sum(costs) if costs and len(currencies) == 1 else None,
        currency=currencies[0] if len(currencies) == 1 else "",
        unpriced=sum(line.unpriced for line in lines),
    )
