from __future__ import annotations

from django.conf import settings

from accounts.models import Session, User

NEW = "seven quiet green kettles"


def change(browser, **fields):
    form = {"current": "plum harbour lantern 7", "password": NEW, "again": NEW, **fields}
    return browser.post("/account/password/", form)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(alpha, front):
    here = front.sign_in(alpha)
    there = front.sign_in(alpha, browser=front.browser(alpha))
    before = here.cookies[settings.SESSION_COOKIE_NAME].value

    answer = change(here)

    assert answer.status_code == 302
    assert front.is_in(here)
    assert here.cookies[settings.SESSION_COOKIE_NAME].value != before
    assert not front.is_in(there)


def test_the_present_password_is_asked_for(alpha, front):
    browser = front.sign_in(alpha)

    answers = [change(browser, current=wrong) for wrong in ("", "a wrong password")]

    assert [answer.status_code for answer in answers] == [400, 400]
    with front.scope(alpha):
        assert User.objects.get().check_password(front.password)


def test_guessing_the_present_password_is_held_back(alpha, front):
    browser = front.sign_in(alpha)

    statuses = [change(browser, current="wrong").status_code for _ in range(6)]

    assert statuses == [400] * 5 + [429]


def test_the_account_lists_ones_own_sessions(alpha, front):
    here = front.sign_in(alpha)
    front.give_password(
        front.browser(alpha), "reception@example.com", HTTP_USER_AGENT="Windows Firefox/140.0"
    )
    front.sign_in(alpha, "billing")

    rows = here.get("/account/").context["sessions"]

    assert [(row.device, row.is_current) for row in rows] == [
        ("Firefox on Windows", False),
        ("Unknown device", True),
    ]


def test_one_of_ones_sessions_can_be_ended(alpha, front):
    here, there = front.sign_in(alpha), front.sign_in(alpha, browser=front.browser(alpha))
    (other,) = [row for row in here.get("/account/").context["sessions"] if not row.is_current]

    answer = here.post(f"/account/sessions/{other.id}/end/", headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert 'id="sessions"' in answer.text
    assert not front.is_in(there)
    assert front.is_in(here)


def test_all_other_sessions_can_be_ended(alpha, front):
    here, there = front.sign_in(alpha), front.sign_in(alpha, browser=front.browser(alpha))

    here.post("/account/sessions/end-others/")

    assert front.is_in(here)
    assert not front.is_in(there)


def test_somebody_elses_session_is_not_found(alpha, beta, front):
    mine = front.sign_in(alpha)
    colleague = front.sign_in(alpha, "billing")
    neighbour = front.sign_in(beta)
    with front.scope(alpha):
        of_colleague = Session.objects.get(user=colleague.person)
    with front.scope(beta):
        of_neighbour = Session.objects.get(user=neighbour.person)

    for session in (of_colleague, of_neighbour):
        assert mine.post(f"/account/sessions/{session.pk}/end/").status_code == 404
    assert front.is_in(colleague)
    assert front.is_in(neighbour)


def test_role_and_address_cannot_be_sent_along_with_the_name(alpha, front):
    browser = front.sign_in(alpha)

    browser.post(
        "/account/",
        {"name": "Alice Baker", "role": "owner", "email": "x@example.com", "is_active": ""},
    )

    with front.scope(alpha):
        person = User.objects.get()
    assert (person.name, person.role, person.email) == (
        "Alice Baker",
        "reception",
        "reception@example.com",
    )
