"""People with known passwords and authenticators, and browsers that sign in with them."""

from __future__ import annotations

import base64
import time
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

PASSWORD = "plum harbour lantern 7"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass
class Front:
    """The front door of the clinics: what a person at a browser can do."""

    password: str = PASSWORD
    secret: str = SECRET
    now: float = 0.0

    @contextmanager
    def scope(self, clinic):
        from tenants.scope import platform_scope, tenant_scope

        with tenant_scope(clinic) if clinic else platform_scope() as scope:
            yield scope

    def add(self, clinic, role="reception", *, email="", name="Alice Adams", factor=False):
        """Add a person; answers them."""
        from accounts.services import ensure_user

        with self.scope(clinic):
            return ensure_user(
                email=email or f"{role}@example.com",
                name=name,
                role=role,
                password=PASSWORD,
                totp_secret=SECRET if factor else "",
            )

    def browser(self, clinic, **options):
        from django.conf import settings
        from django.test import Client

        host = clinic.host if clinic else f"{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"
        return Client(headers={"host": host}, **options)

    def give_password(self, browser, email, password=PASSWORD, *, url="/login/", **extra):
        return browser.post(
            url,
            {
                "login_view-current_step": "auth",
                "auth-username": email,
                "auth-password": password,
            },
            **extra,
        )

    def give_code(self, browser, code, *, step="token"):
        return browser.post("/login/", {"login_view-current_step": step, f"{step}-otp_token": code})

    def code(self, secret=SECRET, *, steps=0):
        """Answer the code the app shows now, or some steps of 30 seconds from now."""
        from django_otp.oath import TOTP

        totp = TOTP(base64.b32decode(secret))
        totp.time = time.time() + 30 * steps
        return f"{totp.token():06d}"

    def sign_in(self, clinic, role="reception", *, email="", factor=False, browser=None):
        """Add the person, sign them in through the pages; answers the browser."""
        person = self.add(clinic, role, email=email, factor=factor)
        browser = browser or self.browser(clinic)
        self.give_password(browser, person.email)
        if factor:
            self.give_code(browser, self.code())
        browser.person = person
        return browser

    def is_in(self, browser):
        """Answer whether the browser is signed in."""
        return browser.get("/account/").status_code == 200


@pytest.fixture
def front():
    return Front()


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    from accounts.throttle import limiter

    limiter().storage.storage.flushdb()


@pytest.fixture
def letters(mailoutbox):
    """Tasks run where they are sent from, and what they mail is in the list."""
    from config.celery import app

    app.conf.task_always_eager = True
    yield mailoutbox
    app.conf.task_always_eager = False


@pytest.fixture
def events():
    """Answer the names and results of the audit events of a clinic, oldest first."""

    def read(clinic, *prefixes):
        from audit.models import Event
        from tenants.scope import tenant_scope

        with tenant_scope(clinic):
            found = Event.objects.order_by("id").values_list("action", "result")
            return [
                event for event in found if not prefixes or event[0].startswith(tuple(prefixes))
            ]

    return read
