"""Made-up courses for the demo's patients: most get better, as people in a clinic hope."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from clinical.appointments.models import Appointment
from clinical.measures.instruments import get_instrument
from clinical.measures.links import BY_PATIENT
from clinical.measures.models import Assessment
from clinical.measures.scoring import score
from clinical.measures.services import person_on

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from datetime import datetime

    from clinical.measures.instruments import Instrument, Item

MEASURED = 24
_PROFILES = (
    ("lefs", "nprs", "30cst"),
    ("odi", "nprs", "phq-9"),
    ("berg", "tug", "10mwt"),
    ("ndi", "psfs"),
    ("quickdash", "nprs"),
    ("k10", "gad-7"),
    ("6mwt", "30cst"),
    ("copm", "eq-5d-5l"),
)
_FIGURES = {
    "lefs": (28, 61),
    "odi": (48, 18),
    "ndi": (26, 11),
    "quickdash": (59, 22),
    "copm": (3.2, 6.8),
    "eq-5d-5l": (0.52, 0.81),
    "tug": (19.5, 11.4),
    "10mwt": (9.4, 6.1),
    "6mwt": (310, 430),
    "30cst": (7, 13),
}
"""Instrument → figure at the first and at the last visit."""
_ACTIVITIES = ("Climbing the stairs at home", "Carrying the shopping", "Sleeping through the night")


def fill(chance: random.Random, now: datetime) -> None:
    """Give some patients three to five assessments each, up to last week."""
    if Assessment.objects.exists():
        return
    visits = (
        Appointment.objects.filter(patient__isnull=False, practitioner__isnull=False)
        .select_related("patient", "practitioner")
        .order_by("patient__number", "starts_at")
    )
    seen: dict[Any, Appointment] = {}
    for visit in visits:
        seen.setdefault(visit.patient_id, visit)
    rows = [
        row
        for number, visit in enumerate(list(seen.values())[:MEASURED])
        for code in _PROFILES[number % len(_PROFILES)]
        for row in _course(chance, visit, code, now)
    ]
    Assessment.objects.bulk_create(rows)


def _course(
    chance: random.Random, visit: Appointment, code: str, now: datetime
) -> Iterator[Assessment]:
    instrument = get_instrument(code)
    times = chance.randint(3, 5)
    gets_better = chance.random() < 0.85  # noqa: PLR2004 - most do
    until = chance.randint(2, 40)
    for n in range(times):
        share = n / (times - 1) if gets_better else chance.uniform(0, 0.3)
        at = now - timedelta(days=until + (times - 1 - n) * instrument.interval_days)
        yield _taken(chance, visit, instrument, share, at)


def _taken(
    chance: random.Random, visit: Appointment, instrument: Instrument, share: float, at: datetime
) -> Assessment:
    patient, practitioner = visit.patient, visit.practitioner
    assert patient is not None  # noqa: S101 - visits without either were left out
    assert practitioner is not None  # noqa: S101
    answers = {
        item.key: answer
        for n, item in enumerate(instrument.items)
        if (answer := _answer(chance, instrument, item, n, share)) is not None
    }
    day = timezone.localdate(at)
    result = score(instrument, answers, person_on(patient, day))
    by_patient = instrument.by_patient and chance.random() < 0.4  # noqa: PLR2004 - some answer at home
    return Assessment(
        patient=patient,
        author_id=None if by_patient else practitioner.user_id,
        author_name=BY_PATIENT if by_patient else practitioner.name,
        by_patient=by_patient,
        code=instrument.code,
        instrument_version=instrument.version,
        answers=answers,
        score=result.score,
        subscores={label: format(value, "f") for label, value in result.subscores.items()},
        band=result.band.key if result.band else "",
        taken_on=day,
        state=Assessment.State.COMPLETE,
        completed_at=at,
        has_alert=bool(result.alerts),
        alert_seen_at=at + timedelta(hours=1) if result.alerts else None,
        alert_seen_by=practitioner.name if result.alerts else "",
    )


def _answer(chance: random.Random, instrument: Instrument, item: Item, n: int, share: float) -> Any:
    """Answer plausibly: `share` runs from 0, as it began, to 1, as it is hoped to end."""
    good = share * 0.75 + chance.uniform(-0.12, 0.12) + 0.15
    if not instrument.higher_is_better:
        good = 1 - good
    if item.kind == "number":
        return _figure(chance, instrument, item, share)
    if item.is_written:
        if n >= len(_ACTIVITIES):
            return None
        return {"words": _ACTIVITIES[n], "points": _whole(item, good)}
    if item.alert_from is not None:
        return 0
    return _whole(item, good)


def _figure(chance: random.Random, instrument: Instrument, item: Item, share: float) -> str | None:
    if item.default:
        return item.default
    if item.key in {"height", "weight"}:
        return "168" if item.key == "height" else "74"
    if not item.scored or item.key in {"trial2", "trial3"}:
        return {"satisfaction": f"{3 + 4 * share:.1f}", "vas": f"{55 + 25 * share:.0f}"}.get(
            item.key
        )
    first, last = _FIGURES[instrument.code]
    value = first + (last - first) * share + (last - first) * chance.uniform(-0.08, 0.08)
    value = min(max(value, float(item.minimum)), float(item.maximum))
    return f"{value:.{item.decimals}f}"


def _whole(item: Item, share: float) -> int:
    span = float(item.maximum - item.minimum)
    value = round(float(item.minimum) + span * min(max(share, 0), 1))
    return min(max(value, int(item.minimum)), int(item.maximum))
