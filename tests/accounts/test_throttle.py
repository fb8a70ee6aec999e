from __future__ import annotations

import threading

import pytest

from accounts import throttle
from accounts.throttle import TooManyAttemptsError
from tenants.scope import Actor, tenant_scope


def tries(clinic, email, *, address="192.0.2.1", count=1):
    """Try so many times; answers how many were let through."""
    admitted = 0
    with tenant_scope(clinic, actor=Actor(address=address)):
        for _ in range(count):
            try:
                throttle.admit_password(email)
            except TooManyAttemptsError:
                continue
            admitted += 1
    return admitted


def test_five_tries_from_an_address_are_let_through(alpha):
    assert tries(alpha, "alice@example.com", count=8) == 5


def test_another_address_has_five_of_its_own(alpha):
    tries(alpha, "alice@example.com", count=8)

    assert tries(alpha, "alice@example.com", address="192.0.2.2", count=8) == 5


def test_capitals_and_spaces_make_no_new_person(alpha):
    tries(alpha, "alice@example.com", count=5)

    assert tries(alpha, " Alice@Example.com ") == 0


def test_one_address_cannot_try_many_people(alpha):
    admitted = sum(tries(alpha, f"person{number}@example.com") for number in range(200))

    assert admitted == 100


def test_hosts_of_one_ipv6_site_count_together(alpha):
    admitted = sum(
        tries(alpha, "alice@example.com", address=f"2001:db8:1:2::{number:x}")
        for number in range(1, 9)
    )

    assert admitted == 5


def test_many_addresses_slow_a_person_down_but_not_where_they_are_known(alpha):
    email = "alice@example.com"
    with tenant_scope(alpha, actor=Actor(address="203.0.113.9")):
        throttle.forgive_password(email)

    admitted = sum(tries(alpha, email, address=f"192.0.2.{number}") for number in range(60))

    assert admitted == 21
    assert tries(alpha, email, address="203.0.113.9", count=3) == 3


def test_signing_in_forgives_the_wrong_tries_before(alpha):
    tries(alpha, "alice@example.com", count=4)
    with tenant_scope(alpha, actor=Actor(address="192.0.2.1")):
        throttle.forgive_password("alice@example.com")

    assert tries(alpha, "alice@example.com", count=5) == 5


def test_the_clinics_count_apart(alpha, beta):
    tries(alpha, "alice@example.com", count=8)

    assert tries(beta, "alice@example.com", count=8) == 5


def test_forty_at_once_are_no_more_than_five(alpha):
    admitted = []

    def attempt():
        from tenants.scope import Scope, _scope

        _scope.set(Scope("c_x", alpha.pk, actor=Actor(address="192.0.2.1")))
        try:
            throttle.admit_password("alice@example.com")
        except TooManyAttemptsError:
            return
        admitted.append(1)

    threads = [threading.Thread(target=attempt) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(admitted) == 5


def test_the_error_says_when_to_come_back(alpha):
    tries(alpha, "alice@example.com", count=5)

    with (
        tenant_scope(alpha, actor=Actor(address="192.0.2.1")),
        pytest.raises(TooManyAttemptsError) as caught,
    ):
        throttle.admit_password("alice@example.com")

    assert 0 < caught.value.retry_after <= 15 * 60


def test_people_who_sign_in_do_not_use_up_their_addresss_tries(alpha):
    email = "alice@example.com"

    with tenant_scope(alpha, actor=Actor(address="192.0.2.1")):
        for _ in range(120):
            throttle.admit_password(email)
            throttle.forgive_password(email)


def _forget_servers():
    for made in (throttle.limiter, throttle.refundable, throttle._storage):
        made.cache_clear()


def test_without_the_counter_nobody_is_let_in(alpha, front, monkeypatch):
    front.add(alpha)
    monkeypatch.setattr(throttle.settings, "REDIS_URL", "redis://127.0.0.1:1/0")
    _forget_servers()
    try:
        answer = front.give_password(front.browser(alpha), "reception@example.com")
    finally:
        _forget_servers()

    assert answer.status_code == 503
