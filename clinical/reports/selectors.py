"""The figures of a report. Each question is one grouped query, however many visits there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, Q, Sum

from clinical.appointments.models import Appointment
from clinical.appointments.statuses import LOOKS, TAKES_NO_TIME
from clinical.patients.models import Patient
from clinical.practice.models import Practitioner, RosterHours

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from django.db.models import QuerySet

    from clinical.reports.period import Period

Status = Appointment.Status
EXPIRY_DAYS = 60
EXPIRIES_SHOWN = 200
LARGE = 20_000
"""Visits: from here on a report becomes a file, written in the background."""
NOBODY, UNSAID = "No clinician", "Not stated"


@dataclass(frozen=True)
class Line:
    """A row of a section: its name, its figures by column, and a share of 0 to 100 for the bar."""

    label: str
    cells: tuple[Any, ...]
    share: int | None = None
    patient: UUID | None = None


@dataclass(frozen=True)
class Section:
    """A table of the report. `columns` name the cells after the label."""

    slug: str
    title: str
    about: str
    columns: tuple[str, ...]
    lines: Sequence[Line]
    share_label: str = ""


def visits(period: Period) -> QuerySet[Appointment]:
    """Answer the period's visits; blocked time is none, a group session one for each who attends."""
    return _of(period).filter(patient__isnull=False)


def _of(period: Period) -> QuerySet[Appointment]:
    start, end = period.span
    found = Appointment.objects.filter(starts_at__gte=start, starts_at__lt=end)
    if period.location is not None:
        found = found.filter(location=period.location)
    if period.practitioner is not None:
        found = found.filter(practitioner=period.practitioner)
    return found.order_by()


def attendance(period: Period) -> Section:
    """Answer how many visits came to what."""
    counts = dict(visits(period).values_list("status").annotate(count=Count("pk")))
    total = sum(counts.values())
    lines = [
        Line(LOOKS[status].label, (counts[status],), _share(counts[status], total))
        for status in Status.values
        if counts.get(status)
    ]
    return Section(
        "attendance",
        "Attendance",
        f"{total:,} visits; {_percent(counts.get(Status.DID_NOT_ATTEND, 0), total)} did not attend",
        ("Visits",),
        lines,
        "Share of visits",
    )


def utilisation(period: Period) -> Section:
    """Answer what each clinician's rostered hours were used for. Both are in hours."""
    is_visit = Q(patient__isnull=False)
    holds_time = Q(patient__isnull=False, group__isnull=True) | Q(seats__gt=1)
    """A group session takes its time once, however many attend."""
    booked = _of(period).filter(is_visit | holds_time).values("practitioner").annotate(
        visits=Count("pk", filter=is_visit & ~Q(status__in=TAKES_NO_TIME)),
        missed=Count("pk", filter=is_visit & Q(status=Status.DID_NOT_ATTEND)),
        time=Sum(
            ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField()),
            filter=holds_time & ~Q(status__in=TAKES_NO_TIME),
        ),
    )  # fmt: skip
    by_clinician: dict[Any, dict[str, Any]] = {
        row["practitioner"]: dict(row.items()) for row in booked
    }
    rostered = _rostered(period)
    names = {one.pk: one.name for one in Practitioner.objects.all()}
    lines = []
    for pk in sorted({*by_clinician, *rostered}, key=lambda pk: (pk is None, names.get(pk, ""))):
        row: dict[str, Any] = by_clinician.get(pk, {"visits": 0, "missed": 0, "time": None})
        hours = _hours(row["time"] or timedelta())
        there = _hours(rostered.get(pk, timedelta()))
        lines.append(
            Line(
                names.get(pk, NOBODY),
                (row["visits"], row["missed"], hours, there or "–"),
                _share(hours, there) if there else None,
            )
        )
    return Section(
        "utilisation",
        "Clinicians",
        "Booked time against the rostered hours of the period",
        ("Visits", "Did not attend", "Hours booked", "Hours rostered"),
        lines,
        "Used",
    )


def _rostered(period: Period) -> dict[Any, timedelta]:
    hours = RosterHours.objects.filter(practitioner__is_active=True)
    if period.location is not None:
        hours = hours.filter(Q(location=period.location) | Q(location__isnull=True))
    if period.practitioner is not None:
        hours = hours.filter(practitioner=period.practitioner)
    weekdays = Counter(day.weekday() for day in period.days)
    totals: dict[Any, timedelta] = {}
    for span in hours:
        length = datetime.combine(period.first, span.ends) - datetime.combine(
            period.first, span.starts
        )
        held = length * weekdays[span.weekday]
        if held:
            totals[span.practitioner_id] = totals.get(span.practitioner_id, timedelta()) + held
    return totals


def new_patients(period: Period) -> Section:
    """Answer whose first visit of all lies in the period, by month."""
    start, end = period.span
    seen = visits(period).exclude(status__in=TAKES_NO_TIME).values("patient")
    firsts = (
        Appointment.objects.filter(patient__in=seen)
        .exclude(status__in=TAKES_NO_TIME)
        .order_by()
        .values("patient")
        .annotate(first=Min("starts_at"))
        .filter(first__gte=start, first__lt=end)
        .values_list("first", flat=True)
    )
    zone = period.span[0].tzinfo
    months = Counter(first.astimezone(zone).strftime("%Y-%m") for first in firsts)
    most = max(months.values(), default=0)
    lines = [
        Line(
            datetime.strptime(month, "%Y-%m").strftime("%B %Y"),  # noqa: DTZ007 - only a name
            (count,),
            _share(count, most),
        )
        for month, count in sorted(months.items())
    ]
    total = sum(months.values())
    about = f"{total:,} patients came for the first time"
    return Section("new-patients", "New patients", about, ("Patients",), lines, "")


def funding(period: Period) -> Section:
    """Answer by whom the visits that took time are paid."""
    found = (
        visits(period)
        .exclude(status__in=TAKES_NO_TIME)
        .values("patient__funding_type__name")
        .annotate(visits=Count("pk"), patients=Count("patient", distinct=True))
        .order_by("-visits")
    )
    rows = list(found)
    total = sum(row["visits"] for row in rows)
    lines = [
        Line(
            row["patient__funding_type__name"] or UNSAID,
            (row["visits"], row["patients"]),
            _share(row["visits"], total),
        )
        for row in rows
    ]
    return Section(
        "funding",
        "Funding",
        "Visits by what the patient's record says of the payer",
        ("Visits", "Patients"),
        lines,
        "Share of visits",
    )


def plan_expiries(period: Period, *, today: date) -> Section:
    """Answer whose plan ends within EXPIRY_DAYS from today, soonest first."""
    found = Patient.objects.filter(
        is_archived=False, plan_end__gte=today, plan_end__lte=today + timedelta(days=EXPIRY_DAYS)
    )
    if period.location is not None:
        found = found.filter(location=period.location)
    count = found.count()
    shown = found.order_by("plan_end", "sort_name")[:EXPIRIES_SHOWN]
    lines = [
        Line(
            patient.full_name,
            (f"{patient.plan_end:%-d %b %Y}", (patient.plan_end - today).days),
            patient=patient.pk,
        )
        for patient in shown
        if patient.plan_end
    ]
    about = f"{count:,} within {EXPIRY_DAYS} days" + (
        f"; the first {EXPIRIES_SHOWN} are shown" if count > EXPIRIES_SHOWN else ""
    )
    return Section("plans", "Plans that end soon", about, ("Ends", "Days left"), lines)


def is_large(period: Period) -> bool:
    """Answer whether counting takes so long that nobody should wait for it."""
    return visits(period)[: LARGE + 1].count() > LARGE


def _hours(length: timedelta) -> float:
    return round(length.total_seconds() / 3600, 1)


def _share(part: float, whole: float) -> int:
    return round(100 * part / whole) if whole else 0


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"
