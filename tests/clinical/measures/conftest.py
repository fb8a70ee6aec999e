"""A patient with a course of measures, in the running scope."""

from __future__ import annotations

from datetime import timedelta

import pytest


@pytest.fixture
def taken():
    """Take an instrument in the running scope: `taken(patient, "phq-9", 12, days_ago=30)`.

    The score is reached by the first items; the rest is answered with the least there is.
    """
    from django.utils import timezone

    from clinical.measures.instruments import get_instrument
    from clinical.measures.models import Assessment
    from clinical.measures.scoring import score
    from clinical.measures.services import person_on

    def make(patient, code: str, total: int = 0, *, days_ago: int = 0, **fields):
        instrument = get_instrument(code)
        answers: dict[str, object] = {
            item.key: item.default for item in instrument.items if item.default
        }
        left = total - sum(int(item.minimum) for item in instrument.scored_items)
        for item in instrument.scored_items:
            if item.kind == "number":
                answers[item.key] = str(total)
                break
            points = int(min(max(left, 0), item.maximum - item.minimum))
            left -= points
            answers[item.key] = int(item.minimum) + points
        day = timezone.localdate() - timedelta(days=days_ago)
        result = score(instrument, answers, person_on(patient, day))
        return Assessment.objects.create(
            **{
                "patient": patient,
                "code": code,
                "instrument_version": instrument.version,
                "answers": answers,
                "score": result.score,
                "band": result.band.key if result.band else "",
                "taken_on": day,
                "state": "complete",
                "completed_at": timezone.now() - timedelta(days=days_ago),
                "has_alert": bool(result.alerts),
                **fields,
            }
        )

    return make
