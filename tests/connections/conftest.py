"""The made-up vendor of these tests, registered for one test each."""

from __future__ import annotations

import pytest


@pytest.fixture
def adapter():
    from tests.connections.fakes import FakeAdapter

    return FakeAdapter()


@pytest.fixture
def vendor(adapter):
    from connections import providers
    from tests.connections.fakes import fake_vendor

    made = fake_vendor(adapter)
    providers.register(made)
    yield made
    providers._providers.pop("fake", None)


@pytest.fixture
def sender():
    yield from _delivered("fake.thing", repeats=True)


@pytest.fixture
def once():
    """A handler of entries that must not be repeated."""
    yield from _delivered("fake.once", repeats=False)


def _delivered(kind: str, *, repeats: bool):
    from connections import outbox
    from tests.connections.fakes import Sender

    made = Sender()
    outbox.delivers(kind, made, repeats=repeats, label=f"{kind} to Fakebooks")
    yield made
    outbox._kinds.pop(kind, None)


@pytest.fixture
def receiver():
    from connections import inbox
    from tests.connections.fakes import Receiver

    made = Receiver()
    inbox.receives("fake", made)
    yield made
    inbox._receivers.pop("fake", None)


@pytest.fixture(autouse=True)
def _no_counts():
    """Start every test with nothing counted at any vendor."""
    from connections import limits

    limits._valkey().flushdb()
