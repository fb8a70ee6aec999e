from __future__ import annotations

import pytest
from django.test import Client

from connections import hooks, inbox
from connections.models import InboxEvent
from tenants import lifecycle
from tenants.scope import tenant_scope
from tests.connections.fakes import connect

RIGHT = {"x-signature": "right"}


@pytest.fixture
def public():
    return Client(headers={"host": "localhost"}, enforce_csrf_checks=True)


def _post(client, path, body="", *, headers=RIGHT):
    return client.post(path, body, content_type="text/plain", headers=headers)


def _address(clinic, connection):
    with tenant_scope(clinic):
        return hooks.path_of(inbox.address_of(connection))


def _events(clinic):
    with tenant_scope(clinic):
        return list(InboxEvent.objects.values_list("external_id", flat=True))


def test_what_comes_in_at_a_clinics_address_is_kept_once_and_handled(
    alpha, beta, vendor, receiver, public
):
    path = _address(alpha, connect(alpha, vendor))
    connect(beta, vendor, account="acc-2")

    answers = [
        _post(public, path, "e2 paid x\ne1 made x"),
        _post(public, path, "e1 made x\ne3 x x"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [(answer.content, dict(answer.cookies)) for answer in answers] == [(b"", {})] * 2
    assert sorted(_events(alpha)) == ["e1", "e2", "e3"]
    assert _events(beta) == []
    assert inbox.handle_due(alpha) == 3
    assert inbox.handle_due(alpha) == 0
    assert sorted(receiver.handled) == ["e1", "e2", "e3"]


def test_the_address_of_all_clinics_leads_each_event_to_whose_account_it_is(
    alpha, beta, vendor, receiver, public
):
    connect(alpha, vendor)
    connect(beta, vendor, account="acc-2")

    answer = _post(public, "/hooks/fake/", "e1 paid acc-1\ne2 paid acc-2\ne3 paid acc-9")

    assert answer.status_code == 200
    assert (_events(alpha), _events(beta)) == (["e1"], ["e2"])


def test_whatever_is_wrong_the_answer_is_the_same(alpha, vendor, receiver, public):
    path = _address(alpha, connect(alpha, vendor))
    wrong = {"x-signature": "wrong"}

    answers = [
        _post(public, path, "e1 paid acc-1", headers=wrong),
        _post(public, "/hooks/fake/", "e1 paid acc-1", headers=wrong),
        _post(public, "/hooks/fake/no-such-key/", "e1 paid acc-1"),
        _post(public, "/hooks/nobody/", "e1 paid acc-1"),
        _post(public, f"{path}more/", "e1 paid acc-1"),
        _post(public, "/hooks/", "e1"),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {b""}
    assert {str(sorted(answer.headers)) for answer in answers} == {str(sorted(answers[0].headers))}
    assert not any(answer.cookies for answer in answers)
    assert _events(alpha) == []


def test_only_small_posts_on_the_platforms_own_host_are_taken(alpha, vendor, receiver, public):
    path = _address(alpha, connect(alpha, vendor))

    assert public.get(path).status_code == 405
    assert _post(public, path, "x" * (hooks.LARGEST + 1)).status_code == 413
    clinic = Client(headers={"host": alpha.host})
    assert _post(clinic, path, "e1 paid acc-1").status_code == 404
    assert _events(alpha) == []


def test_whoever_keeps_forging_is_not_listened_to_for_a_while(alpha, vendor, receiver, public):
    path = _address(alpha, connect(alpha, vendor))
    tried = [
        _post(public, "/hooks/fake/", "e1 a acc-1", headers={}).status_code
        for _ in range(hooks.REFUSED_A_MINUTE.amount + 1)
    ]

    assert tried[-1] == 429
    assert set(tried[:-1]) == {401}
    assert _post(public, path, "e1 paid acc-1").status_code == 429


@pytest.mark.usefixtures("committed")
def test_a_suspended_clinic_receives_and_handles_later(alpha, vendor, receiver, public):
    path = _address(alpha, connect(alpha, vendor))
    lifecycle.suspend_tenant(alpha)
    try:
        assert _post(public, path, "e1 paid acc-1").status_code == 200
    finally:
        lifecycle.reactivate_tenant(alpha)

    assert inbox.handle_due(alpha) == 1


def test_after_disconnecting_the_address_leads_nowhere(alpha, vendor, receiver, public, sign_in):
    path = _address(alpha, connect(alpha, vendor))

    sign_in(alpha, "owner").post("/settings/integrations/fake/disconnect/")

    assert _post(public, path, "e1 paid acc-1").status_code == 401


def test_an_event_that_cannot_be_handled_is_tried_again_and_holds_nothing_up(
    alpha, vendor, receiver, public
):
    path = _address(alpha, connect(alpha, vendor))
    _post(public, path, "e1 paid x")
    receiver.error = ZeroDivisionError("Ada North")

    assert inbox.handle_due(alpha) == 0
    receiver.error = None
    _post(public, path, "e2 paid x")
    assert inbox.handle_due(alpha) == 1
    assert receiver.handled == ["e2"]

    with tenant_scope(alpha):
        event = InboxEvent.objects.get(external_id="e1")
        assert (event.attempts, "Ada North" in event.problem) == (1, False)
        event.received_at -= inbox._wait(1)
        event.save()
    assert inbox.handle_due(alpha) == 1
    assert receiver.handled == ["e2", "e1"]
