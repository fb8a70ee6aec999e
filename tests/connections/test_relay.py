from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings
from django.db.models import F

from accounts.models import User
from audit.models import Event
from connections import alarms, outbox, relay, services, tasks
from connections.models import Connection, OutboxEntry
from connections.outbox import Answer, NothingToSendError
from connections.relay import deliver_due
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError, UnclearError
from tenants import lifecycle
from tenants.scope import tenant_scope
from tests.connections.fakes import connect, put, side_by_side, states


def _entry(clinic, key):
    with tenant_scope(clinic):
        return OutboxEntry.objects.get(key=key)


def _connection(clinic):
    with tenant_scope(clinic):
        return Connection.objects.get(provider="fake")


def _let_time_pass(clinic, **by):
    """Move every moment of the clinic's entries and connections back."""
    passed = timedelta(**by)
    for model, names in (
        (OutboxEntry, ("not_before", "not_after", "claimed_at", "created_at")),
        (Connection, ("paused_until", "problem_at")),
    ):
        with tenant_scope(clinic):
            model.objects.update(**{name: F(name) - passed for name in names})


def _owner(clinic):
    with tenant_scope(clinic):
        return User.objects.create(email="o@example.com", name="Olive", role="owner")


def test_what_waits_is_delivered_once_and_written_down(alpha, beta, vendor, sender):
    connect(alpha, vendor)
    connect(beta, vendor, account="acc-2")
    put(alpha, "fake.thing", "a1", "a2")
    put(alpha, "fake.thing", "a1")
    put(beta, "fake.thing", "b1")

    assert deliver_due(alpha) == 2
    assert deliver_due(alpha) == 0

    assert sorted(sender.sent) == ["a1", "a2"]
    assert sorted(sender.settled) == [("a1", "v-a1"), ("a2", "v-a2")]
    assert states(alpha) == {"a1": "sent", "a2": "sent"}
    assert states(beta) == {"b1": "waiting"}


@pytest.mark.usefixtures("committed")
def test_two_workers_side_by_side_deliver_each_entry_once(alpha, vendor, sender):
    connect(alpha, vendor)
    put(alpha, "fake.thing", *(f"k{number}" for number in range(24)))

    side_by_side(lambda: deliver_due(alpha))

    assert len(sender.sent) == 24
    assert set(states(alpha).values()) == {"sent"}


def test_entries_of_a_lane_go_in_order_and_one_refused_holds_those_behind(alpha, vendor, sender):
    connect(alpha, vendor)
    owner = _owner(alpha)
    put(alpha, "fake.thing", "l1", "l2", "l3", lane="invoice:1")
    put(alpha, "fake.thing", "other", lane="invoice:2")
    sender.answers = lambda entry, _: (
        RefusedError("The account code is not known.") if entry.key == "l2" else Answer()
    )

    deliver_due(alpha)
    assert [key for key in sender.sent if key != "other"] == ["l1", "l2"]
    assert states(alpha) == {"l1": "sent", "l2": "failed", "l3": "waiting", "other": "sent"}
    assert sender.failures == [("l2", "The account code is not known.")]

    sender.answers = None
    with tenant_scope(alpha):
        services.try_again(_entry_in("l2"), actor=owner, at=datetime.now(UTC))
    deliver_due(alpha)
    assert [key for key in sender.sent if key != "other"] == ["l1", "l2", "l2", "l3"]
    assert set(states(alpha).values()) == {"sent"}


def _entry_in(key):
    return OutboxEntry.objects.get(key=key)


def test_a_vendor_that_asks_us_to_wait_is_left_alone_so_long(alpha, beta, vendor, sender):
    connect(alpha, vendor)
    connect(beta, vendor, account="acc-2")
    put(alpha, "fake.thing", *(f"a{number}" for number in range(30)))
    put(beta, "fake.thing", "b1")
    wait = RetryLaterError("Fakebooks asked us to wait.", after=40.0)
    sender.answers = lambda entry, _: wait if entry.key.startswith("a") else Answer()

    assert deliver_due(alpha) == 0
    assert deliver_due(alpha) == 0
    assert len(sender.sent) == vendor.limits.at_once
    assert deliver_due(beta) == 1

    sender.answers = None
    _let_time_pass(alpha, seconds=41)
    assert deliver_due(alpha) == 30
    assert _connection(alpha).problem == ""


def test_a_vendor_that_is_down_for_a_day_loses_nothing_and_gets_nothing_twice(
    alpha, vendor, sender
):
    connect(alpha, vendor)
    keys = [f"k{number}" for number in range(20)]
    put(alpha, "fake.thing", *keys)
    down = RetryLaterError("Fakebooks cannot be reached at the moment.")
    sender.answers = lambda *_: down

    for _ in range(12):
        deliver_due(alpha)
        _let_time_pass(alpha, hours=2)
    assert set(states(alpha).values()) == {"waiting"}
    assert len(sender.sent) < 12 * 4
    assert _connection(alpha).problem == "Fakebooks cannot be reached at the moment."
    with tenant_scope(alpha):
        assert alarms.troubled().count() == 1

    done = []
    sender.answers = lambda entry, _: done.append(entry.key) or Answer()
    _let_time_pass(alpha, hours=2)
    deliver_due(alpha)
    assert sorted(done) == sorted(keys)
    assert _connection(alpha).problem == ""


def test_what_may_have_been_done_is_not_repeated_but_decided_by_a_person(alpha, vendor, once):
    connect(alpha, vendor)
    owner = _owner(alpha)
    put(alpha, "fake.once", "u1", "u2", "u3")
    once.answers = lambda *_: UnclearError("Fakebooks did not answer.")

    deliver_due(alpha)
    deliver_due(alpha)
    assert sorted(once.sent) == ["u1", "u2", "u3"]
    assert set(states(alpha).values()) == {"unclear"}

    once.answers = None
    now = datetime.now(UTC)
    with tenant_scope(alpha):
        services.mark_done(_entry_in("u1"), actor=owner, at=now, vendor_id="seen-there")
        services.try_again(_entry_in("u2"), actor=owner, at=now)
        services.give_up(_entry_in("u3"), actor=owner, at=now)
        with pytest.raises(services.ConnectError):
            services.try_again(_entry_in("u1"), actor=owner, at=now)
        verbs = set(
            Event.objects.filter(action__startswith="delivery.").values_list("action", flat=True)
        )
    _let_time_pass(alpha, minutes=1)  # the vendor was left alone for a while
    deliver_due(alpha)
    assert states(alpha) == {"u1": "sent", "u2": "sent", "u3": "cancelled"}
    assert once.settled == [("u1", "seen-there"), ("u2", "v-u2")]
    assert verbs == {"delivery.mark_done", "delivery.try_again", "delivery.give_up"}


@pytest.mark.usefixtures("committed")
def test_a_worker_killed_between_the_answer_and_the_commit(alpha, vendor, sender, once):
    """Where repeating does no harm it is sent again; else somebody decides."""
    connect(alpha, vendor)
    put(alpha, "fake.thing", "repeats")
    put(alpha, "fake.once", "never")

    class KilledError(BaseException):
        pass

    def accept_and_die(*_):
        raise KilledError

    for handler in (sender, once):
        handler.answers = accept_and_die
    with pytest.raises(KilledError):
        deliver_due(alpha)
    assert states(alpha) == {"repeats": "sending", "never": "sending"}
    assert relay.recover_lost(alpha) == 0

    sender.answers = once.answers = None
    _let_time_pass(alpha, minutes=11)
    assert relay.recover_lost(alpha) == 2
    deliver_due(alpha)
    assert states(alpha) == {"repeats": "sent", "never": "unclear"}
    assert "may have been done" in _entry(alpha, "never").problem


def test_an_error_of_ours_stops_only_what_it_is_about(alpha, vendor, sender, once):
    connect(alpha, vendor)
    put(alpha, "fake.thing", "good")
    put(alpha, "fake.once", "bad")
    once.prepare_error = ZeroDivisionError("Ada North")

    deliver_due(alpha)
    assert states(alpha) == {"good": "sent", "bad": "failed"}
    assert "Ada North" not in _entry(alpha, "bad").problem

    once.prepare_error = None
    once.answers = lambda *_: ZeroDivisionError("Ada North")
    put(alpha, "fake.once", "worse")
    deliver_due(alpha)
    assert states(alpha)["worse"] == "unclear"
    assert "Ada North" not in _entry(alpha, "worse").problem


def test_an_answer_that_cannot_be_written_down_is_kept_and_not_asked_for_again(
    alpha, vendor, sender
):
    connect(alpha, vendor)
    owner = _owner(alpha)
    put(alpha, "fake.thing", "k")
    sender.settle_error = ZeroDivisionError()

    deliver_due(alpha)
    kept = _entry(alpha, "k")
    assert (kept.state, kept.vendor_id) == ("unclear", "v-k")

    sender.settle_error = None
    with tenant_scope(alpha):
        services.mark_done(_entry_in("k"), actor=owner, at=datetime.now(UTC))
    assert (sender.sent, sender.settled) == (["k"], [("k", "v-k")])


def test_what_is_not_wanted_any_more_or_too_late_is_not_sent(alpha, vendor, sender):
    connect(alpha, vendor)
    now = datetime.now(UTC)
    put(alpha, "fake.thing", "late", not_after=now - timedelta(minutes=1))
    put(alpha, "fake.thing", "early", not_before=now + timedelta(hours=1))
    deliver_due(alpha)
    sender.prepare_error = NothingToSendError("The visit was cancelled.")
    put(alpha, "fake.thing", "unwanted")

    deliver_due(alpha)

    assert sender.sent == []
    assert states(alpha) == {"late": "failed", "early": "waiting", "unwanted": "cancelled"}


def test_a_broken_connection_keeps_what_waits_until_it_is_made_again(alpha, beta, vendor, sender):
    connect(alpha, vendor)
    connect(beta, vendor, account="acc-2")
    put(alpha, "fake.thing", "a1", "a2")
    put(beta, "fake.thing", "b1")
    sender.answers = lambda entry, _: (
        BrokenConnectionError("The access has ended.") if entry.key[0] == "a" else Answer()
    )

    deliver_due(alpha)
    deliver_due(beta)
    assert set(states(alpha).values()) == {"waiting"}
    assert states(beta) == {"b1": "sent"}
    assert (_connection(alpha).state, _connection(beta).state) == ("broken", "live")
    sent = len(sender.sent)
    deliver_due(alpha)
    assert len(sender.sent) == sent

    sender.answers = None
    connect(alpha, vendor)
    assert deliver_due(alpha) == 2


@pytest.mark.usefixtures("committed")
def test_nothing_is_delivered_for_a_clinic_that_is_suspended(alpha, vendor, sender):
    connect(alpha, vendor)
    put(alpha, "fake.thing", "k")
    lifecycle.suspend_tenant(alpha)
    try:
        assert deliver_due(alpha) == 0
        tasks.sweep_everywhere()
    finally:
        lifecycle.reactivate_tenant(alpha)

    assert sender.sent == []
    assert deliver_due(alpha) == 1


def test_a_kind_that_chooses_its_vendor_late_waits_for_one(alpha, vendor, sender):
    sender.provider = "fake"
    put(alpha, "fake.thing", *(f"k{number}" for number in range(40)))

    assert deliver_due(alpha) == 0
    assert set(states(alpha).values()) == {"waiting"}

    connect(alpha, vendor)
    assert deliver_due(alpha) == 40


@pytest.mark.usefixtures("committed")
def test_a_flushed_queue_is_made_up_for_by_the_sweep(alpha, vendor, sender):
    connect(alpha, vendor)
    queue = redis.Redis.from_url(settings.REDIS_URL)
    queue.flushdb()
    with tenant_scope(alpha):
        for key in ("a", "b", "c"):
            outbox.put("fake.thing", Connection(provider="fake"), key=key)
        assert queue.llen("celery") == 0  # nothing before the commit
    assert queue.llen("celery") == 1  # and after it, once

    queue.flushdb()
    tasks.sweep_everywhere()

    assert queue.llen("celery") == 1
    assert tasks.deliver.apply(headers={"nexus_tenant": alpha.pk}).successful()
    assert set(states(alpha).values()) == {"sent"}
