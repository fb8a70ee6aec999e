from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from audit import services, trails
from audit.models import Erasure, Event, Payload, QueuedEvent, Seal
from audit.verification import verify
from tenants.scope import Actor, tenant_scope


def test_a_read_is_recorded_with_its_reader(alpha):
    with tenant_scope(alpha, actor=Actor(id="7", label="Alice")):
        event_id = services.record("view", object_type="patients_patient", subject_id="p-1")

        event = Event.objects.get(pk=event_id)

    assert (event.action, event.actor_label, event.subject_id) == ("view", "Alice", "p-1")
    assert bytes(event.commitment) == b""


def test_an_event_without_an_action_is_refused(in_alpha):
    with pytest.raises(DatabaseError), transaction.atomic():
        services.record("", object_type="patients_patient")


def test_sealing_covers_the_queue_in_links_of_the_given_size(alpha):
    with tenant_scope(alpha):
        ids = [services.record("view", object_type="x") for _ in range(5)]

    done = services.seal(trails.trail_of(alpha), size=2)

    with tenant_scope(alpha):
        seals = list(Seal.objects.values_list("n", "count", "ids"))
        left = QueuedEvent.objects.count()
    assert (done.seals, done.events, left) == (3, 5, 0)
    assert seals == [(1, 2, ids[:2]), (2, 2, ids[2:4]), (3, 1, ids[4:])]


def test_sealing_an_empty_queue_makes_no_seal(alpha):
    assert services.seal(trails.trail_of(alpha)) == services.Sealing(0, 0)


def test_an_event_that_becomes_visible_late_is_sealed_with_the_next_link(committed, alpha):
    trail = trails.trail_of(alpha)
    recorded, go_on = threading.Event(), threading.Event()
    late: list[int] = []

    def slow() -> None:
        with tenant_scope(alpha):
            late.append(services.record("view", object_type="slow"))
            recorded.set()
            go_on.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    recorded.wait(10)
    with tenant_scope(alpha):
        early = services.record("view", object_type="quick")
    services.seal(trail)
    go_on.set()
    thread.join(10)

    services.seal(trail)

    with tenant_scope(alpha):
        assert list(Seal.objects.values_list("ids", flat=True)) == [[early], late]
    assert late[0] < early
    assert verify(trail).ok


def test_two_sealers_never_work_on_one_trail(committed, alpha):
    with tenant_scope(alpha):
        services.record("view", object_type="x")
    others: list[services.Sealing] = []

    def other() -> None:
        others.append(services.seal(trails.trail_of(alpha)))
        connection.close()

    with tenant_scope(alpha):
        services.seal_batch()
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)

    assert others == [services.Sealing(0, 0)]


def test_an_erased_payload_is_gone_and_the_erasure_is_an_event(in_alpha):
    event_id = services.record("export", object_type="x", payload={"name": "Alice"})

    erasure = services.erase_payload(event_id, reason="asked for by the patient")

    assert not Payload.objects.filter(pk=event_id).exists()
    assert Erasure.objects.get(pk=event_id).erased_by == erasure
    event = Event.objects.get(pk=erasure)
    assert (event.action, event.object_type, event.object_id) == (
        "erase",
        "audit_event",
        str(event_id),
    )


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_erasure_without_a_reason_is_refused(in_alpha, reason):
    event_id = services.record("export", object_type="x", payload={"name": "Alice"})

    with pytest.raises(DatabaseError, match="needs a reason"), transaction.atomic():
        services.erase_payload(event_id, reason=reason)

    assert Payload.objects.filter(pk=event_id).exists()


def test_what_has_no_payload_cannot_be_erased(in_alpha):
    event_id = services.record("view", object_type="x")

    with pytest.raises(DatabaseError, match="no payload to erase"), transaction.atomic():
        services.erase_payload(event_id, reason="why not")
