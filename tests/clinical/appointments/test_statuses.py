from __future__ import annotations

import pytest

from clinical.appointments.statuses import Status, verb_for


@pytest.mark.parametrize(
    ("now", "following", "verb"),
    [
        (Status.BOOKED, Status.ARRIVED, "Arrive"),
        (Status.ARRIVED, Status.BOOKED, "Back to booked"),
        (Status.COMPLETED, Status.ARRIVED, "Back to arrived"),
        (Status.CANCELLED, Status.BOOKED, "Back to booked"),
        (Status.BOOKED, Status.CANCELLED, "Cancel appointment"),
    ],
)
def test_a_button_says_where_it_leads(now, following, verb):
    assert verb_for(now, following) == verb
