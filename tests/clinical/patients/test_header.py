"""The head of a record: each app says its own, in order, to whom may see it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from clinical.appointments import drawer_facts
from clinical.appointments.models import Appointment
from clinical.patients import header
from clinical.patients.header import Banner, Fact


@pytest.fixture
def sources(monkeypatch):
    monkeypatch.setattr(header, "_sources", {})
    monkeypatch.setattr(drawer_facts, "_sources", {})
    return header._sources


def test_a_source_is_shown_in_order_and_only_to_whom_may_see_it(sources, in_alpha, patient, person):
    ottoline = patient("Ottoline Reed")
    header.register("later", lambda *_: [Fact("Balance", "$10.00", order=60)])
    header.register("first", lambda *_: [Banner("Latex", order=10), Fact("Next", "–", order=5)])
    header.register("money", lambda *_: [Fact("Owed", "$1")], permission="invoices.view")

    shown = header.header_of(person("clinician"), ottoline)

    assert [banner.title for banner in shown.banners] == ["Latex"]
    assert [fact.label for fact in shown.facts] == ["Next", "Balance"]


def test_the_drawer_shows_what_belongs_there(sources, in_alpha, patient, person):
    ottoline = patient("Ottoline Reed")
    now = timezone.now()
    visit = Appointment(patient=ottoline, starts_at=now, ends_at=now)
    header.register(
        "all", lambda *_: [Banner("Latex"), Fact("Next", "–"), Fact("Owed", "$1", in_drawer=True)]
    )

    shown = drawer_facts.drawer_facts_of(person("reception"), visit, now=now)

    assert [item.title for item in shown.banners] == ["Latex"]
    assert [item.label for item in shown.facts] == ["Owed"]


def test_what_can_wait_stands_on_the_overview_only():
    shown = header.Header(
        [
            Banner("Latex"),
            Banner("Card", in_drawer=False),
            Banner("Ended", tone="danger", in_drawer=False),
        ]
    )

    assert [banner.title for banner in shown.pressing().banners] == ["Latex", "Ended"]
