from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from clinical.recalls import demo as recalls
from clinical.recalls.models import Recall, RecallContact
from clinical.threads import demo as threads
from clinical.threads.models import Participant, Post, Thread


def test_a_demo_clinic_gets_talks_and_recalls_once(in_alpha, person, patient, appointment):
    now = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    for role in ("owner", "clinician", "reception", "coordinator"):
        person(role)
    for number in range(20):
        appointment(now + timedelta(hours=number), patient=patient(f"P{number} North"))

    def fill_both() -> list[int]:
        for fill in (threads.fill, recalls.fill):
            fill(random.Random(1), now)
        tables = (Thread, Post, Participant, Recall, RecallContact)
        return [table.objects.count() for table in tables]

    first = fill_both()

    assert fill_both() == first
    assert min(first) > 0
    assert first[0] == 8
    assert set(Recall.objects.values_list("state", flat=True)) <= {
        "open",
        "booked",
        "contacted",
        "declined",
    }
    assert not Participant.objects.filter(user__role="coordinator").exists()
