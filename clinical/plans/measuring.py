"""What outcome measures say about goals that are linked to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID


def measure_names() -> dict[str, str]:
    """Answer the measures a goal can be linked to: code → name."""
    if not apps.is_installed("clinical.measures"):
        return {}
    from clinical.measures.instruments import all_instruments

    return {
        code: found.name
        for code, found in sorted(all_instruments().items(), key=lambda pair: pair[1].name)
    }


def scores_of(patient_id: UUID, codes: Collection[str]) -> dict[str, Any]:
    """Answer the latest score of each code; one statement, none where nothing is asked for."""
    if not codes or not apps.is_installed("clinical.measures"):
        return {}
    from clinical.measures.selectors import latest_scores

    return dict(latest_scores([patient_id], codes=codes).get(patient_id, {}))
