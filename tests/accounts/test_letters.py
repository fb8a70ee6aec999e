from __future__ import annotations

import re

import pytest
from django.conf import settings

from accounts import services
from tenants.scope import tenant_scope


@pytest.fixture
def mailed(letters, django_capture_on_commit_callbacks, front):
    """Run a service in a clinic and answer what it mailed."""

    def run(clinic, service, *args, **kwargs):
        with django_capture_on_commit_callbacks(execute=True), tenant_scope(clinic):
            service(*args, **kwargs)
        return letters

    return run


def link_in(message):
    return re.search(r"http\S+", message.body).group()


def test_an_invitation_leads_to_the_clinics_own_host(alpha, front, mailed):
    owner = front.add(alpha, "owner")

    (message,) = mailed(
        alpha,
        services.invite_user,
        email="carol@example.com",
        name="Carol <b>Clark</b>",
        role="clinician",
        actor=owner,
    )

    html = message.alternatives[0][0]
    assert message.to == ["carol@example.com"]
    assert message.subject == "Join Alpha Physiotherapy"
    assert message.from_email.startswith("Alpha Physiotherapy via Nexus <")
    assert link_in(message).startswith(f"{alpha.url}/join/")
    assert link_in(message) in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html


def test_somebody_invited_joins_by_the_mailed_link(alpha, front, mailed):
    owner = front.add(alpha, "owner")
    (message,) = mailed(
        alpha,
        services.invite_user,
        email="carol@example.com",
        name="Carol Clark",
        role="clinician",
        actor=owner,
    )
    browser = front.browser(alpha)

    page = browser.get(link_in(message).removeprefix(alpha.url), follow=True)
    answer = browser.post(
        page.request["PATH_INFO"],
        {"password": "seven quiet green kettles", "again": "seven quiet green kettles"},
    )
    front.give_password(browser, "carol@example.com", "seven quiet green kettles")

    assert "Welcome, Carol Clark" in page.text
    assert answer.headers["Location"] == "/login/"
    assert front.is_in(browser)


def test_a_reset_is_mailed_to_whom_it_concerns(alpha, beta, front, mailed):
    front.add(alpha, email="alice@example.com")
    front.add(beta, email="alice@example.com")

    (message,) = mailed(beta, services.request_password_reset, " Alice@Example.com")

    assert message.subject == "Choose a new password for Beta Podiatry"
    assert link_in(message).startswith(f"{beta.url}/password-reset/")


def test_nobody_gets_a_mail_for_an_unknown_or_deactivated_address(alpha, front, mailed):
    person = front.add(alpha)
    with tenant_scope(alpha):
        services.deactivate_user(person, actor=None)

    mailed(alpha, services.request_password_reset, "nobody@example.com")

    assert mailed(alpha, services.request_password_reset, person.email) == []


def test_a_new_password_is_told_to_its_owner(alpha, front, mailed):
    person = front.add(alpha)

    (message,) = mailed(alpha, services.set_password, person, "seven quiet green kettles")

    assert message.subject == "Your password for Alpha Physiotherapy was changed"


def test_a_request_that_fails_mails_nothing(alpha, front, letters):
    from django.db import transaction

    person = front.add(alpha)
    with tenant_scope(alpha):
        services.set_password(person, "seven quiet green kettles")
        transaction.set_rollback(True)
    transaction.set_rollback(False)

    assert letters == []


def test_an_operators_letter_leads_to_the_operators_host(committed, front, letters):
    from accounts.tasks import send_operators_letter

    person = front.add(None, "operator")

    send_operators_letter("password_reset", str(person.pk))

    assert link_in(letters[0]).startswith(
        f"http://{settings.OPERATORS_SUBDOMAIN}.localhost:8000/password-reset/"
    )
