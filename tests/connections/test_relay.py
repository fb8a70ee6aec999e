from __future__ import annotations

import pytest

from connections import relay
from tests.connections.fakes import connect, put, states

pytestmark = pytest.mark.usefixtures("committed")


def test_what_waits_is_delivered_once_and_written_down(alpha, beta, vendor, sender):
    connect(alpha, vendor)
    connect(beta, vendor, account="acc-2")
    put(alpha, "fake.thing", "a1", "a2")
    put(beta, "fake.thing", "b1")

    assert relay.deliver_due(alpha) == 2
    assert relay.deliver_due(alpha) == 0

    assert sorted(sender.sent) == ["a1", "a2"]
    assert sorted(sender.settled) == [("a1", "v-a1"), ("a2", "v-a2")]
    assert states(alpha) == {"a1": "sent", "a2": "sent"}
    assert states(beta) == {"b1": "waiting"}
