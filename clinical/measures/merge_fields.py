"""Measures in letters: `{{ measures.phq_9 }}` becomes the latest score and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.measures.changes import change_between, figure, plain
from clinical.measures.instruments import all_instruments
from clinical.measures.selectors import latest_scores

if TYPE_CHECKING:
    from collections.abc import Callable

    from clinical.letters.merge_fields import LetterFacts
    from clinical.measures.instruments import Instrument

    Value = Callable[[LetterFacts], str]


def measure_fields() -> dict[str, tuple[str, Value]]:
    """Answer a field for each measure: its name → what it is called, and the text it becomes."""
    return {
        f"measures.{instrument.field_name}": (
            f"{instrument.short}: latest score and change",
            _value_of(instrument),
        )
        for instrument in all_instruments().values()
    }


def _value_of(instrument: Instrument) -> Value:
    def _value(facts: LetterFacts) -> str:
        if facts.patient.created_at is None:  # never saved: there is nothing to look for
            return ""
        found = latest_scores([facts.patient.pk], codes=[instrument.code])
        latest = found[facts.patient.pk].get(instrument.code)
        if latest is None:
            return ""
        score = (
            f"{plain(latest.score)} of {plain(instrument.maximum)}"
            if instrument.unit == "points" and instrument.minimum >= 0
            else figure(latest.score, instrument)
        )
        band = f" ({latest.band_label.lower()})" if latest.band_label else ""
        said = f"{instrument.short} {score}{band} on {latest.taken_on:%-d %B %Y}"
        if latest.first is not None:
            change = change_between(instrument, latest.first, latest.score)
            said += f"; {change.words} since the first"
        return said

    return _value
