"""Questions about referrals: which are in use, what is left of them, which run out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import (
    Case,
    Count,
    DateField,
    F,
    Func,
    IntegerField,
    Min,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, ExtractYear, TruncDate
from django.shortcuts import get_object_or_404

from clinical.appointments.statuses import TAKES_NO_TIME
from clinical.patients.rules import visible_patients
from clinical.referrals.models import Referral, ReferralVisit
from clinical.referrals.rules import FEW_SESSIONS, SOON_DAYS, is_soon

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User
    from clinical.appointments.models import Appointment
    from clinical.patients.models import Patient

ZONE = ZoneInfo("Australia/Sydney")
"""In which a visit falls into a calendar year, as `referrals_link` counts it too."""
MOST_LISTED = 300


@dataclass(frozen=True)
class Standing:
    """A referral on a day: what is used of it, what is booked, what is left."""

    referral: Referral
    used: int
    booked: int
    ends_on: date | None
    today: date

    @property
    def left(self) -> int | None:
        """Sessions that can still be booked; None without a limit, below 0 where there are too many."""
        allowed = self.referral.sessions_allowed
        return None if allowed is None else allowed - self.used - self.booked

    @property
    def days_left(self) -> int | None:
        return None if self.ends_on is None else (self.ends_on - self.today).days

    @property
    def is_over(self) -> bool:
        return self.days_left is not None and self.days_left < 0

    @property
    def is_used_up(self) -> bool:
        return self.left is not None and self.left <= 0

    @property
    def is_running_out(self) -> bool:
        few = self.left is not None and self.left <= FEW_SESSIONS
        return few or is_soon(self.ends_on, self.today)

    @property
    def is_current(self) -> bool:
        return self.referral.state == Referral.State.ACTIVE and not self.is_over

    @property
    def tone(self) -> str:
        if self.is_over or self.is_used_up:
            return "danger"
        return "warning" if self.is_running_out else ""

    @property
    def sessions_words(self) -> str:
        """Write what is left: “2 of 5 left”."""
        if self.left is None:
            return f"{self.used + self.booked} visits, no limit"
        if self.left < 0:
            return f"{-self.left} more than the {self.referral.sessions_allowed} allowed"
        return f"{self.left} of {self.referral.sessions_allowed} left"

    @property
    def end_words(self) -> str:
        days = self.days_left
        if self.ends_on is None:
            if self.referral.months and self.referral.anchor == Referral.Anchor.FIRST_VISIT:
                return f"{self.referral.months} months from the first visit"
            return "no end"
        shown = f"{self.ends_on.day} {self.ends_on:%b %Y}"
        if days is not None and days < 0:
            return f"ended {shown}"
        if days == 0:
            return "ends today"
        near = (
            f", {days} day{'' if days == 1 else 's'} left"
            if is_soon(self.ends_on, self.today)
            else ""
        )
        return f"until {shown}{near}"


def get_referral(actor: User, pk: UUID) -> Referral:
    """Answer a referral of a patient whom the actor may see; raises Http404."""
    referrals = Referral.objects.filter(patient__in=visible_patients(actor))
    related = ("patient", "patient__location", "patient__funding_type", "referrer", "document")
    return get_object_or_404(referrals.select_related(*related), pk=pk)


def standings_of(actor: User, patient: Patient, *, now: datetime) -> list[Standing]:
    """Answer all referrals of a patient with what is left of them, the newest first."""
    referrals = Referral.objects.filter(patient=patient, patient__in=visible_patients(actor))
    return _standings(referrals.select_related("referrer", "document"), now)


def current_of(patient: Patient, *, now: datetime) -> Standing | None:
    """Answer the referral that the next visit would count to; else the latest in use."""
    found = _standings(
        Referral.objects.filter(patient=patient, state=Referral.State.ACTIVE)
        .select_related("referrer")
        .order_by(Coalesce("starts_on", "referred_on"), "id"),
        now,
    )
    open_ones = [one for one in found if not one.is_over and not one.is_used_up]
    return open_ones[0] if open_ones else (found[-1] if found else None)


def standing_of(referral: Referral, *, now: datetime) -> Standing:
    return _standings(
        Referral.objects.filter(pk=referral.pk).select_related("patient", "referrer", "document"),
        now,
    )[0]


def standing_of_visit(appointment: Appointment, *, now: datetime) -> tuple[Standing | None, bool]:
    """Answer the referral of a visit, and whether the visit has an answer (which may be: none)."""
    link = ReferralVisit.objects.filter(appointment=appointment).first()
    if link is None or link.referral_id is None:
        return None, link is not None
    found = Referral.objects.filter(pk=link.referral_id, patient=appointment.patient_id)
    standings = _standings(found.select_related("referrer"), now)
    return (standings[0] if standings else None), True


def visits_counted(referral: Referral) -> list[ReferralVisit]:
    """Answer the visits that are linked to a referral, in order of time."""
    links = ReferralVisit.objects.filter(
        referral=referral, appointment__patient=referral.patient_id
    )
    related = ("appointment", "appointment__practitioner", "appointment__location")
    return list(links.select_related(*related).order_by("appointment__starts_at"))


def has_referrals(patient: Patient) -> bool:
    """Answer whether a visit of the patient could count to one."""
    return Referral.objects.filter(patient=patient, state=Referral.State.ACTIVE).exists()


def running_out(actor: User, *, now: datetime) -> list[Standing]:
    """Answer the referrals in use that end within a month or have a session left, the soonest first."""
    today = now.astimezone(ZONE).date()
    allowed, spent = F("sessions_allowed"), F("used") + F("booked")
    nearly = Q(sessions_allowed__isnull=False) & Q(spent__gte=allowed - Value(FEW_SESSIONS))
    referrals = (
        Referral.objects.filter(state=Referral.State.ACTIVE, patient__in=visible_patients(actor))
        .filter(patient__is_archived=False)
        .select_related("patient", "referrer")
    )
    found = _counted(referrals, now).annotate(spent=spent)
    soon = Q(
        ends_on__lte=today + timedelta(days=SOON_DAYS), ends_on__gte=today - timedelta(days=90)
    )
    listed = found.filter(soon | nearly).order_by(F("ends_on").asc(nulls_last=True), "id")
    return [_standing(row, today) for row in listed[:MOST_LISTED]]


def standings_among(patient_ids: list[UUID], *, now: datetime) -> list[Standing]:
    """Answer the referrals in use of many patients: one query. For rules, which ask for all alike."""
    referrals = Referral.objects.filter(patient__in=patient_ids, state=Referral.State.ACTIVE)
    return _standings(referrals, now)


def _standings(referrals: QuerySet[Referral], now: datetime) -> list[Standing]:
    today = now.astimezone(ZONE).date()
    return [_standing(row, today) for row in _counted(referrals, now)]


def _standing(row: Any, today: date) -> Standing:
    return Standing(row, row.used, row.booked, row.ends_on, today)


def _counted(referrals: QuerySet[Referral], now: datetime) -> QuerySet[Any]:
    """Add `used`, `booked` and `ends_on`: one query, however many referrals."""
    takes_place = Q(appointment__patient=F("referral__patient")) & ~Q(
        appointment__status__in=TAKES_NO_TIME
    )
    year = now.astimezone(ZONE).year
    counts = takes_place & (Q(referral__counted=Referral.Counted.IN_ALL) | Q(year=year))
    links = (
        ReferralVisit.objects.filter(referral=OuterRef("pk"))
        .annotate(year=ExtractYear("appointment__starts_at", tzinfo=ZONE))
        .order_by()
        .values("referral")
    )

    def figure(expression: Any) -> Any:
        return Subquery(links.annotate(figure=expression).values("figure")[:1])

    is_past = Q(appointment__starts_at__lte=now)
    past = Count("pk", filter=counts & is_past)
    ahead = Count("pk", filter=counts & ~is_past)
    first = figure(Min("appointment__starts_at", filter=takes_place))
    anchor = Case(
        When(anchor=Referral.Anchor.REFERRED, then=F("referred_on")),
        default=TruncDate(first, tzinfo=ZONE),
        output_field=DateField(),
    )
    months = Func(
        Cast("months", IntegerField()),
        function="make_interval",
        template="%(function)s(months => %(expressions)s)",
    )
    by_rule = Cast(_Plus(anchor, months), DateField())
    return referrals.annotate(
        used=Coalesce(figure(past), Value(0)) + F("used_before"),
        booked=Coalesce(figure(ahead), Value(0)),
        ends_on=Coalesce("expires_on", by_rule, output_field=DateField()),
    )


class _Plus(Func):
    """A day and an interval."""

    template = "(%(expressions)s)"
    arg_joiner = " + "
    output_field = DateField()
