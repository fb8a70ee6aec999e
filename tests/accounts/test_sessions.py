from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.db.models import F

from accounts.models import Session
from accounts.sessions import SessionStore, digest_of


def age(clinic, front, **ages):
    """Make a clinic's sessions older: the clock of the rows is moved, not the machine's."""
    with front.scope(clinic):
        Session.objects.update(**{name: F(name) - delta for name, delta in ages.items()})


def test_an_idle_session_ends(alpha, front):
    browser = front.sign_in(alpha)

    age(alpha, front, last_seen_at=timedelta(seconds=settings.SESSION_IDLE_SECONDS - 60))
    still_in = front.is_in(browser)
    age(alpha, front, last_seen_at=timedelta(seconds=settings.SESSION_IDLE_SECONDS + 1))

    assert still_in
    assert not front.is_in(browser)


def test_a_busy_session_ends_too_when_it_is_old(alpha, front):
    browser = front.sign_in(alpha)

    age(alpha, front, expires_at=timedelta(seconds=settings.SESSION_COOKIE_AGE + 1))

    assert not front.is_in(browser)


def test_using_a_page_keeps_the_session_awake_and_polling_does_not(alpha, front):
    browser = front.sign_in(alpha)
    half = timedelta(seconds=settings.SESSION_IDLE_SECONDS * 0.6)

    age(alpha, front, last_seen_at=half)
    browser.get("/account/")
    age(alpha, front, last_seen_at=half)
    awake = front.is_in(browser)
    age(alpha, front, last_seen_at=half)
    polled = browser.get("/account/", headers={"X-Nexus-Background": "1"})
    age(alpha, front, last_seen_at=half)

    assert awake
    assert polled.status_code == 200
    assert not front.is_in(browser)


def test_the_table_holds_no_key(alpha, front):
    browser = front.sign_in(alpha)
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value

    with front.scope(alpha):
        rows = list(Session.objects.values())

    assert [row["key_digest"] for row in rows] == [digest_of(key)]
    assert key not in str(rows)


def test_the_row_says_whose_and_from_where(alpha, front):
    person = front.add(alpha)
    browser = front.browser(alpha)
    front.give_password(browser, person.email, HTTP_USER_AGENT="Mozilla/5.0 Firefox/140.0")

    with front.scope(alpha):
        session = Session.objects.get()

    assert (session.user_id, session.address) == (person.pk, "127.0.0.1")
    assert session.user_agent == "Mozilla/5.0 Firefox/140.0"


def test_a_row_carried_into_the_neighbours_table_opens_nothing(alpha, beta, front):
    browser = front.sign_in(alpha)
    front.add(beta)
    with front.scope(alpha):
        row = Session.objects.get()
    row.user_id = None
    with front.scope(beta):
        row.save(force_insert=True)
        store = SessionStore(browser.cookies[settings.SESSION_COOKIE_NAME].value)

        assert store.get(SESSION_KEY) is None


def test_a_session_that_was_ended_meanwhile_is_not_brought_back(in_alpha):
    store = SessionStore()
    store["a"] = 1
    store.save()
    Session.objects.all().delete()

    store["a"] = 2

    with pytest.raises(UpdateError):
        store.save()


def test_a_made_up_key_opens_an_empty_session(in_alpha):
    store = SessionStore("a" * 32)

    assert store.get("anything") is None
    assert store.session_key is None


def test_dead_sessions_are_swept(in_alpha):
    old, living = SessionStore(), SessionStore()
    for store in (old, living):
        store["a"] = 1
        store.save()
    Session.objects.filter(key_digest=old.digest).update(expires_at=F("created_at"))

    SessionStore.clear_expired()

    assert list(Session.objects.values_list("key_digest", flat=True)) == [living.digest]
