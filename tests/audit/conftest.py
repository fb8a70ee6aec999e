from __future__ import annotations

import json

import pytest


@pytest.fixture
def recorded():
    """The events of one table in the running scope, oldest first, each with its payload read."""

    from audit.models import Event

    def read(object_type: str) -> list[tuple[str, str, dict]]:
        events = (
            Event.objects.filter(object_type=object_type)
            .select_related("payload")
            .order_by("at", "id")
        )
        return [(event.action, event.object_id, json.loads(event.payload.body)) for event in events]

    return read
