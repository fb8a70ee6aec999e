"""What outcome measures say about goals that are linked to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.measures.instruments import all_instruments
from clinical.measures.selectors import LatestScore, latest_scores

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID


def measure_names() -> dict[str, str]:
    """Answer the measures a goal can be linked to: code → name."""
    found = {code: instrument.name for code, instrument in all_instruments().items()}
    return dict(sorted(found.items(), key=lambda pair: pair[1]))


def scores_of(patient_id: UUID, codes: Collection[str]) -> dict[str, LatestScore]:
    """Answer the latest score of each code; one statement, none where nothing is asked for."""
    if not codes:
        return {}
    return dict(latest_scores([patient_id], codes=codes).get(patient_id, {}))
