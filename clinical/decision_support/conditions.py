"""What a rule can ask: each kind of condition answers for many patients by one statement.

An answer maps the patients for whom it is so to why, in words.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, F, Max, OuterRef
from django.utils.formats import date_format

from clinical.appointments.models import Appointment, Status
from clinical.consents.models import Consent, ConsentKind
from clinical.measures.instruments import all_instruments
from clinical.measures.selectors import due_measures, latest_scores
from clinical.pathology.models import ResultReport
from clinical.patients.models import Patient
from clinical.plans.models import Plan, PlanGoal
from clinical.practice.clock import day_span
from clinical.problems.models import Allergy, ListReview, Medication, NoKnownAllergies, Problem
from clinical.problems.selectors import normalise_code
from clinical.referrals.selectors import standings_among

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime, tzinfo
    from uuid import UUID

    Found = Mapping[UUID, str]

OPEN_PLANS = (Plan.State.ACTIVE, Plan.State.REVIEWED)
TO_COME = (Status.BOOKED, Status.CONFIRMED, Status.ARRIVED, Status.IN_SESSION)
LOST_AFTER = 52
"""Who was not seen for so many weeks more is a former patient, not one to be reminded of."""


@dataclass(frozen=True)
class Asked:
    """For whom and when a condition is asked."""

    ids: Sequence[UUID]
    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True)
class Condition:
    """One condition of a rule, as it is kept."""

    kind: str
    number: int | None = None
    code: str = ""
    compare: str = ""
    words: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Condition:
        names = ("kind", "number", "code", "compare", "words")
        return cls(**{name: kept[name] for name in names if kept.get(name) is not None})

    @property
    def label(self) -> str:
        """Write the condition as a sentence."""
        kind = KINDS.get(self.kind)
        if kind is None:
            return f"(unknown: {self.kind})"
        measure = all_instruments().get(self.code)
        return kind.sentence.format(
            number=self.number,
            measure=measure.short if measure else self.code or "a measure",
            compare={"most": "at most", "least": "at least"}.get(self.compare, "at least"),
            words=self.words,
        )


@dataclass(frozen=True)
class Kind:
    """A kind of condition: what it needs (`number`, `code`, `compare`, `words`), how it is answered."""

    key: str
    label: str
    sentence: str
    ask: Callable[[Condition, Asked], Found]
    needs: frozenset[str] = frozenset()
    is_clinical: bool = True
    """Says something that only who reads notes may know."""


def _day(day: date) -> str:
    return date_format(day, "j M Y")


def _months_before(day: date, months: int) -> date:
    """Answer the same day so many months ago; the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return day.replace(year=1, month=1, day=1)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _years_between(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


# ── the person and the visits ────────────────────────────────────────────────────────────────────


def _older(condition: Condition, asked: Asked) -> Found:
    edge = _months_before(asked.today, 12 * (condition.number or 0))
    rows = Patient.objects.filter(pk__in=asked.ids, date_of_birth__lte=edge)
    return _ages(rows, asked)


def _younger(condition: Condition, asked: Asked) -> Found:
    edge = _months_before(asked.today, 12 * (condition.number or 0))
    rows = Patient.objects.filter(pk__in=asked.ids, date_of_birth__gt=edge)
    return _ages(rows, asked)


def _ages(rows: Any, asked: Asked) -> Found:
    return {
        pk: f"{_years_between(born, asked.today)} years old"
        for pk, born in rows.values_list("pk", "date_of_birth")
    }


def _funding_plan_ends(condition: Condition, asked: Asked) -> Found:
    until = asked.today + timedelta(days=condition.number or 0)
    rows = Patient.objects.filter(
        pk__in=asked.ids, plan_end__lte=until, plan_end__gte=asked.today - timedelta(days=90)
    )
    return {
        pk: f"The funding plan {'ended' if end < asked.today else 'ends'} on {_day(end)}"
        for pk, end in rows.values_list("pk", "plan_end")
        if end is not None
    }


def _no_visit(condition: Condition, asked: Asked) -> Found:
    weeks = condition.number or 0
    edge = asked.now - timedelta(weeks=weeks)
    lost = asked.now - timedelta(weeks=weeks + LOST_AFTER)
    ahead = Appointment.objects.filter(
        patient=OuterRef("patient"), starts_at__gt=asked.now, status__in=TO_COME
    )
    rows = (
        Appointment.objects.filter(patient__in=asked.ids, status=Status.COMPLETED)
        .order_by()
        .values("patient_id")
        .annotate(last=Max("starts_at"))
        .filter(~Exists(ahead), last__lte=edge, last__gte=lost)
    )
    return {
        row["patient_id"]: f"Last seen on {_day(row['last'].astimezone(asked.zone).date())}, "
        "nothing booked"
        for row in rows
    }


def _missed(condition: Condition, asked: Asked) -> Found:
    since = asked.now - timedelta(days=90)
    rows = (
        Appointment.objects.filter(
            patient__in=asked.ids, starts_at__gte=since, status=Status.DID_NOT_ATTEND
        )
        .order_by()
        .values("patient_id")
        .annotate(count=Count("pk"))
        .filter(count__gte=condition.number or 1)
    )
    return {row["patient_id"]: f"Missed {row['count']} visits in three months" for row in rows}


def _visit_today(_condition: Condition, asked: Asked) -> Found:
    start, end = day_span(asked.today, asked.zone)
    rows = Appointment.objects.filter(
        patient__in=asked.ids, starts_at__gte=start, starts_at__lt=end, status__in=TO_COME
    )
    return dict.fromkeys(rows.values_list("patient_id", flat=True), "Has a visit today")


# ── referrals and consents ───────────────────────────────────────────────────────────────────────


def _referral_sessions(condition: Condition, asked: Asked) -> Found:
    return {
        standing.referral.patient_id: f"Referral: {standing.sessions_words}"
        for standing in standings_among(list(asked.ids), now=asked.now)
        if standing.is_current
        and standing.left is not None
        and standing.left <= (condition.number or 0)
    }


def _referral_ends(condition: Condition, asked: Asked) -> Found:
    return {
        standing.referral.patient_id: f"Referral: {standing.end_words}"
        for standing in standings_among(list(asked.ids), now=asked.now)
        if standing.days_left is not None and -30 <= standing.days_left <= (condition.number or 0)  # noqa: PLR2004 - a month after
    }


def _consent_missing(_condition: Condition, asked: Asked) -> Found:
    kinds = list(ConsentKind.objects.filter(is_active=True, is_required=True))
    if not kinds:
        return {}
    newest = (
        Consent.objects.filter(patient__in=asked.ids, kind__in=kinds)
        .order_by("patient_id", "kind_id", "-answered_on", "-recorded_at", "-id")
        .distinct("patient_id", "kind_id")
    )
    standing = {
        (consent.patient_id, consent.kind_id)
        for consent in newest
        if consent.answer == Consent.Answer.GIVEN
        and (consent.expires_on is None or consent.expires_on >= asked.today)
    }
    found = {}
    for pk in asked.ids:
        missing = [kind.name for kind in kinds if (pk, kind.pk) not in standing]
        if missing:
            found[pk] = f"Consent missing: {', '.join(missing)}"
    return found


# ── measures, plans, lists, results ──────────────────────────────────────────────────────────────


def _measure_score(condition: Condition, asked: Asked) -> Found:
    found = {}
    for pk, scores in latest_scores(asked.ids, codes=[condition.code]).items():
        latest = scores.get(condition.code)
        if latest is None or condition.number is None:
            continue
        is_most = condition.compare == "most"
        meets = latest.score <= condition.number if is_most else latest.score >= condition.number
        if meets:
            band = f" ({latest.band_label.lower()})" if latest.band_label else ""
            found[pk] = (
                f"{_short(condition.code)}: {latest.score.normalize():f}{band} "
                f"on {_day(latest.taken_on)}"
            )
    return found


def _measure_worse(condition: Condition, asked: Asked) -> Found:
    codes = [condition.code] if condition.code else None
    found = {}
    for pk, scores in latest_scores(asked.ids, codes=codes).items():
        worse = [
            f"{_short(code)} is worse by {-latest.better_by.normalize():f}, "
            f"more than matters, on {_day(latest.taken_on)}"
            for code, latest in scores.items()
            if latest.better_by is not None and latest.better_by < 0 and latest.is_important
        ]
        if worse:
            found[pk] = "; ".join(worse)
    return found


def _measure_due(_condition: Condition, asked: Asked) -> Found:
    return {
        pk: f"Due: {', '.join(one.name for one in due)}"
        for pk, due in due_measures(asked.ids, today=asked.today).items()
        if due
    }


def _review_due(condition: Condition, asked: Asked) -> Found:
    until = asked.today + timedelta(days=condition.number or 0)
    rows = Plan.objects.filter(patient__in=asked.ids, state__in=OPEN_PLANS, review_on__lte=until)
    return {
        pk: f"Plan “{title}”: review {'was due' if on < asked.today else 'due'} {_day(on)}"
        for pk, title, on in rows.values_list("patient_id", "title", "review_on")
        if on is not None
    }


def _goal_overdue(_condition: Condition, asked: Asked) -> Found:
    rows = PlanGoal.objects.filter(
        plan__patient__in=asked.ids,
        plan__state__in=OPEN_PLANS,
        state=PlanGoal.State.ACTIVE,
        due_on__lt=asked.today,
    )
    return {
        pk: f"Goal “{text[:60]}” was due on {_day(on)}"
        for pk, text, on in rows.values_list("plan__patient_id", "text", "due_on")
        if on is not None
    }


def _visits_used(condition: Condition, asked: Asked) -> Found:
    from clinical.plans.selectors import with_sessions

    plans = Plan.objects.filter(
        patient__in=asked.ids, state__in=OPEN_PLANS, expected_visits__isnull=False
    )
    rows = with_sessions(plans, now=asked.now).annotate(
        left=F("expected_visits") - F("attended") - F("to_come")
    )
    return {
        plan.patient_id: f"Plan “{plan.title}”: {max(plan.left, 0)} visits left"
        for plan in rows.filter(left__lte=condition.number or 0)
    }


def _allergies_unknown(_condition: Condition, asked: Asked) -> Found:
    known = set(
        Allergy.objects.filter(patient__in=asked.ids, is_error=False)
        .values_list("patient_id", flat=True)
        .union(
            NoKnownAllergies.objects.filter(patient__in=asked.ids, withdrawn_at=None).values_list(
                "patient_id", flat=True
            )
        )
    )
    return {
        pk: "Nobody has noted allergies, nor that there are none"
        for pk in asked.ids
        if pk not in known
    }


def _medicines_unreviewed(condition: Condition, asked: Asked) -> Found:
    first = _months_before(asked.today, condition.number or 12)
    edge, _end = day_span(first, asked.zone)
    reviewed = ListReview.objects.filter(
        patient=OuterRef("patient"), kind="medications", at__gte=edge
    )
    rows = Medication.objects.filter(
        ~Exists(reviewed), patient__in=asked.ids, is_error=False, until=None
    )
    words = f"Medications not gone through for {condition.number or 12} months"
    return dict.fromkeys(rows.values_list("patient_id", flat=True), words)


def _has_problem(condition: Condition, asked: Asked) -> Found:
    wanted = [word.strip() for word in condition.words.split(",") if word.strip()]
    rows = Problem.objects.filter(
        patient__in=asked.ids, status=Problem.Status.ACTIVE, is_error=False
    ).values_list("patient_id", "name", "code")
    return {
        pk: f"Problem: {name}{f' ({code})' if code else ''}"
        for pk, name, code in rows
        if any(
            word.casefold() in name.casefold()
            or (code and normalise_code(code).startswith(normalise_code(word) or "?"))
            for word in wanted
        )
    }


def _result_waits(_condition: Condition, asked: Asked) -> Found:
    rows = ResultReport.objects.filter(patient__in=asked.ids, is_reviewed=False, replaced_by=None)
    return {
        pk: f"Result to be reviewed: {name}" for pk, name in rows.values_list("patient_id", "name")
    }


def _short(code: str) -> str:
    found = all_instruments().get(code)
    return found.short if found else code


_N, _CODE = frozenset({"number"}), frozenset({"code", "compare", "number"})
KINDS = {
    kind.key: kind
    for kind in (
        Kind("older", "Age at least (years)", "the patient is {number} or older", _older, _N,
             is_clinical=False),
        Kind("younger", "Age under (years)", "the patient is under {number}", _younger, _N,
             is_clinical=False),
        Kind("measure_score", "Latest score of a measure", "{measure} is {compare} {number}",
             _measure_score, _CODE),
        Kind("measure_worse", "Measure worse by more than matters",
             "{measure} got worse by more than matters", _measure_worse, frozenset({"code"})),
        Kind("measure_due", "Measure is due again", "a measure is due again", _measure_due),
        Kind("review_due", "Treatment plan’s review due within (days)",
             "a plan’s review is due within {number} days", _review_due, _N),
        Kind("goal_overdue", "Goal is overdue", "a goal is overdue", _goal_overdue),
        Kind("visits_used", "Treatment plan: visits left at most",
             "a plan has at most {number} visits left", _visits_used, _N),
        Kind("plan_ends", "Funding plan ends within (days)",
             "the funding plan ends within {number} days", _funding_plan_ends, _N, is_clinical=False),
        Kind("referral_sessions", "Referral: sessions left at most",
             "a referral has at most {number} sessions left", _referral_sessions, _N,
             is_clinical=False),
        Kind("referral_ends", "Referral ends within (days)",
             "a referral ends within {number} days", _referral_ends, _N, is_clinical=False),
        Kind("consent_missing", "A required consent is missing", "a required consent is missing",
             _consent_missing, is_clinical=False),
        Kind("no_visit", "Not seen for (weeks), nothing booked",
             "the patient was not seen for {number} weeks and has nothing booked", _no_visit, _N,
             is_clinical=False),
        Kind("missed", "Missed visits in three months, at least",
             "the patient missed at least {number} visits in three months", _missed, _N, is_clinical=False),
        Kind("visit_today", "Has a visit today", "the patient has a visit today", _visit_today,
             is_clinical=False),
        Kind("allergies_unknown", "Allergies not asked", "nobody has asked about allergies",
             _allergies_unknown),
        Kind("medicines_unreviewed", "Medications not reviewed for (months)",
             "medications were not reviewed for {number} months", _medicines_unreviewed, _N),
        Kind("has_problem", "Has a problem with these words or codes",
             "the patient has a problem with “{words}”", _has_problem, frozenset({"words"})),
        Kind("result_waits", "A result waits to be reviewed", "a result waits to be reviewed",
             _result_waits),
    )
}  # fmt: skip
