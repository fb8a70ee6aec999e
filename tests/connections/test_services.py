from __future__ import annotations

from datetime import UTC, datetime

import pytest
import redis
from django.conf import settings
from django.core import mail

from accounts.models import User
from connections import alarms, conditions, finishing, providers, relay, selectors, services, tasks
from connections.models import Connection, OutboxEntry
from connections.providers import Account, Trade
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError
from tenants import vault
from tenants.scope import tenant_scope
from tests.connections.fakes import FakeAdapter, connect, fake_vendor

NOW = datetime.now(UTC)


def _owner(clinic, name="Olive", role="owner"):
    with tenant_scope(clinic):
        return User.objects.create(email=f"{name.lower()}@example.com", name=name, role=role)


def _begin(clinic, vendor, owner, typed="a-long-key", **options):
    with tenant_scope(clinic):
        return services.begin(
            vendor, secrets={"api_key": typed}, options=options, actor=owner, at=datetime.now(UTC)
        )


def test_an_account_belongs_to_one_clinic(alpha, beta, vendor):
    connect(alpha, vendor)
    owner = _owner(beta)

    finishing.finish(beta, _begin(beta, vendor, owner).pk)

    with tenant_scope(beta):
        attempt = Connection.objects.get()
        assert (attempt.state, attempt.sealed) == ("pending", "")
        assert "another clinic" in attempt.problem
        assert alpha.name not in attempt.problem

    with tenant_scope(alpha):
        services.disconnect(Connection.objects.get(), actor=_owner(alpha), at=NOW)
    finishing.finish(beta, _begin(beta, vendor, owner).pk)
    with tenant_scope(beta):
        assert selectors.connection("fake").state == "live"


def test_an_attempt_that_fails_leaves_what_works_alone(alpha, vendor, adapter):
    made = connect(alpha, vendor, options={"code": "200"})
    owner = _owner(alpha)
    adapter.error = RefusedError("The key is not right.")

    finishing.finish(alpha, _begin(alpha, vendor, owner, "wrong-key-entered").pk)
    with tenant_scope(alpha):
        row = selectors.connection("fake")
        assert (row.pk, row.state) == (made.pk, "live")
        assert services.open_secrets(row)["api_key"] == "key-of-the-clinic"
        assert Connection.objects.get(state="pending").problem == "The key is not right."

    adapter.error = None
    attempt = _begin(alpha, vendor, owner, "right-key-entered")
    finishing.finish(alpha, attempt.pk)
    finishing.finish(alpha, attempt.pk)
    with tenant_scope(alpha):
        row = Connection.objects.get()
        assert (row.pk, row.options) == (made.pk, {"code": "200"})
        assert services.open_secrets(row)["api_key"] == "right-key-entered"


@pytest.mark.usefixtures("committed")
def test_an_attempt_whose_task_was_lost_is_taken_up_by_the_sweep(alpha, vendor):
    attempt = _begin(alpha, vendor, _owner(alpha))
    queue = redis.Redis.from_url(settings.REDIS_URL)
    queue.flushdb()

    tasks.sweep_everywhere()
    assert queue.llen("celery") == 0
    with tenant_scope(alpha):
        Connection.objects.filter(pk=attempt.pk).update(
            checking_since=NOW - finishing.FORGOTTEN_AFTER - finishing.FORGOTTEN_AFTER
        )
    tasks.sweep_everywhere()
    assert queue.llen("celery") == 1


def test_another_account_is_not_slipped_in_under_a_connection(alpha, vendor, adapter):
    connect(alpha, vendor)
    adapter.found = [Account("acc-7", "Seventh account")]

    finishing.finish(alpha, _begin(alpha, vendor, _owner(alpha)).pk)

    with tenant_scope(alpha):
        assert selectors.connection("fake").external_id == "acc-1"
        assert "disconnect that first" in Connection.objects.get(state="pending").problem


def test_of_texts_one_vendor_at_a_time_is_in_use(alpha, vendor):
    first, second = (
        fake_vendor(FakeAdapter(), key=key, name=key, trade=Trade.SMS) for key in ("one", "two")
    )
    for each in (first, second):
        providers.register(each)
    try:
        connect(alpha, first)
        with pytest.raises(services.ConnectError, match="one is in use"):
            _begin(alpha, second, _owner(alpha))
        with tenant_scope(alpha):
            assert selectors.live(Trade.SMS).provider == "one"
            assert selectors.live(Trade.STORAGE) is None
    finally:
        for each in (first, second):
            providers._providers.pop(each.key)


def test_disconnecting_drops_the_secrets_now_and_gives_them_back_soon(alpha, vendor, adapter):
    made = connect(alpha, vendor, options={"code": "200"})
    owner = _owner(alpha)
    adapter.error = RetryLaterError("Fakebooks cannot be reached.")

    with tenant_scope(alpha):
        services.disconnect(made, actor=owner, at=NOW)
        row = Connection.objects.get()
        assert (row.state, row.sealed) == ("off", "")
        assert services.open_secrets(row) == {}
    relay.deliver_due(alpha)
    with tenant_scope(alpha):
        waiting = OutboxEntry.objects.get()
        assert "key-of-the-clinic" not in str(waiting.payload)
        OutboxEntry.objects.update(not_before=NOW)
    adapter.error = None
    relay.deliver_due(alpha)

    assert adapter.revoked == ["key-of-the-clinic"]
    with tenant_scope(alpha):
        done = OutboxEntry.objects.get()
        assert (done.state, "sealed" in done.payload) == ("sent", False)
    again = connect(alpha, vendor)
    assert again.options == {"code": "200"}


@pytest.mark.usefixtures("committed")
def test_secrets_open_for_their_own_row_and_survive_a_new_data_key(alpha, beta, vendor):
    made = connect(alpha, vendor)
    theirs = connect(beta, vendor, account="acc-2")
    before = made.sealed

    assert vault.rotate(alpha) >= 1
    with tenant_scope(alpha):
        row = Connection.objects.get()
        assert row.sealed != before
        assert services.open_secrets(row)["api_key"] == "key-of-the-clinic"
        row.sealed = theirs.sealed
        with pytest.raises(vault.VaultError):
            services.open_secrets(row)


def test_the_test_button_says_what_was_found_and_what_is_wrong(alpha, vendor, adapter):
    made = connect(alpha, vendor)
    for error, state, problem in (
        (None, "live", ""),
        (RetryLaterError("No answer."), "live", "No answer."),
        (None, "live", ""),
        (BrokenConnectionError("The key was withdrawn."), "broken", "The key was withdrawn."),
    ):
        adapter.error = error
        with tenant_scope(alpha):
            services.start_check(made, at=NOW)
        finishing.check(alpha, made.pk)
        with tenant_scope(alpha):
            row = Connection.objects.get()
        assert (row.state, row.problem, row.checking_since) == (state, problem, None)
        assert row.found == ("" if error else "3 things found")


def test_the_owners_are_told_of_a_broken_connection_once(alpha, beta, vendor):
    made = connect(alpha, vendor)
    _owner(alpha)
    _owner(alpha, "Adam", "admin")
    _owner(beta, "Berta")
    told = []
    hook = lambda people, alarm: told.append((sorted(p.name for p in people), alarm.title))  # noqa: E731
    alarms.on_alarm(hook)
    try:
        with tenant_scope(alpha):
            assert conditions.mark_broken(made.pk, "The access has ended.", at=NOW)
            assert not conditions.mark_broken(made.pk, "Again.", at=NOW)
        for _ in range(2):
            alarms.tell_owners(alpha, made.pk)
            tasks.tell_everywhere()
    finally:
        alarms._hooks.remove(hook)

    assert [(letter.to, letter.subject) for letter in mail.outbox] == [
        (["olive@example.com"], f"{alpha.name}: Fakebooks has to be connected again")
    ]
    assert "The access has ended." in mail.outbox[0].body
    assert f"{alpha.url}/settings/integrations/" in mail.outbox[0].body
    assert told == [(["Adam", "Olive"], "Fakebooks has to be connected again")]


def test_a_broken_connection_stands_above_every_page_of_those_who_can_mend_it(
    alpha, beta, vendor, sign_in
):
    made = connect(alpha, vendor)
    with tenant_scope(alpha):
        conditions.mark_broken(made.pk, "The access has ended.", at=NOW)

    words = "Fakebooks has to be connected again"
    assert words in sign_in(alpha, "admin").get("/patients/").text
    assert words not in sign_in(alpha, "reception").get("/patients/").text
    assert words not in sign_in(beta, "owner").get("/patients/").text
