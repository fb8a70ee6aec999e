from __future__ import annotations

import logging

import pytest

from audit import anchors, services, tasks, trails
from audit.models import Event, QueuedEvent, Seal
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])


def test_sealing_everywhere_leaves_no_queue(alpha, beta):
    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            services.record("view", object_type="page")

    tasks.seal_everywhere()

    for clinic in (alpha, beta):
        with tenant_scope(clinic):
            assert (Seal.objects.count(), QueuedEvent.objects.count()) == (1, 0)


def test_one_clinics_trouble_leaves_no_other_unsealed(alpha, beta, monkeypatch, caplog):
    with tenant_scope(beta):
        services.record("view", object_type="page")
    whole = services.seal

    def broken_for_alpha(trail):
        if trail.label == "alpha":
            raise RuntimeError
        return whole(trail)

    monkeypatch.setattr(services, "seal", broken_for_alpha)

    with caplog.at_level(logging.ERROR):
        tasks.seal_everywhere()

    assert "alpha could not be worked on" in caplog.text
    with tenant_scope(beta):
        assert Seal.objects.count() == 1


def test_anchoring_everywhere_writes_a_file_for_each(alpha, beta, settings, tmp_path):
    settings.VAR = tmp_path

    tasks.anchor_everywhere()

    names = sorted(path.name for path in (tmp_path / "anchors").iterdir())
    assert names == sorted([f"c_{alpha.pk}.jsonl", f"c_{beta.pk}.jsonl", "public.jsonl"])


def test_verifying_keeps_its_verdict_in_the_trail(alpha, settings, tmp_path):
    settings.VAR = tmp_path
    trail = trails.trail_of(alpha)
    anchors.drop_anchor(trail, anchors.standard_path(trail))

    tasks.verify_trail.apply(headers={"nexus_tenant": alpha.pk})

    with tenant_scope(alpha):
        verdict = Event.objects.get(action="verify")
        assert verdict.result == "ok"
