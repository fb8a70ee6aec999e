from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tenants.scope import platform_scope


@pytest.fixture
def create(committed, monkeypatch):
    def run(password="", **options):
        if password:
            monkeypatch.setenv("NEXUS_OPERATOR_PASSWORD", password)
        said = StringIO()
        options = {"email": "Op@example.com", "name": "Olga Operator", **options}
        call_command("create_operator", stdout=said, **options)
        return said.getvalue()

    return run


def test_an_operator_with_a_made_up_password_can_sign_in(create, front):
    said = create()
    password = re.search(r"shown this once: (\S+)", said).group(1)
    browser = front.browser(None)

    front.give_password(browser, "op@example.com", password)

    assert browser.get("/account/").headers["Location"] == "/account/two-factor/setup/"


def test_a_password_from_the_environment_is_not_printed(create):
    said = create(password="seven quiet green kettles")

    assert "kettles" not in said
    with platform_scope():
        assert User.objects.get().check_password("seven quiet green kettles")


def test_a_guessable_password_is_refused(create):
    with pytest.raises(CommandError, match="easy to guess"):
        create(password="password1234")


def test_a_second_operator_with_the_address_is_refused(create):
    create()

    with pytest.raises(CommandError, match=r"op@example\.com"):
        create()
