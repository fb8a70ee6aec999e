"""The way in, in a real browser: its cookies, its policies, its widths, its accessibility."""

from __future__ import annotations

import os
import re
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.test import override_settings

from tests.ui.axe import axe_violations
from tests.ui.browser import DESKTOP, PHONE, chromium, complaints_of, overflow_of

pytestmark = pytest.mark.e2e


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site(committed, alpha):
    """Serve the whole platform; answers alpha's address."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.db import connections

    class Handler(WSGIHandler):
        def __call__(self, *args):
            try:
                return super().__call__(*args)
            finally:
                connections.close_all()

    with override_settings(WHITENOISE_USE_FINDERS=True, WHITENOISE_AUTOREFRESH=True):
        server = make_server("127.0.0.1", 0, Handler(), Server, Quiet)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://{alpha.host}:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def look(page, name):
    """Check the page as it stands, in both widths; a picture where SHOTS names a folder."""
    found = []
    for width, size in (("phone", PHONE), ("desk", DESKTOP)):
        page.set_viewport_size(size)
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
        if overflow := overflow_of(page):
            found.append(f"{name} is {overflow} px too wide on a {width}")
    return [*found, *(f"{name}: {violation}" for violation in axe_violations(page))]


def test_an_owner_walks_in_and_invites_a_colleague(site, alpha, front):
    owner = front.add(alpha, "owner", name="Olive Owner")
    front.add(alpha, "reception", name="Rita Reception")
    found = []
    with chromium() as browser:
        page = browser.new_page(viewport=DESKTOP)
        complaints = complaints_of(page)
        page.goto(f"{site}/staff/")
        found += look(page, "login")
        page.get_by_label("E-mail address").fill(owner.email)
        page.get_by_label("Password").fill(front.password)
        page.get_by_role("button", name="Sign in").click()

        page.wait_for_url("**/two-factor/setup/")
        found += look(page, "setup")
        page.get_by_text("You cannot scan it?").click()
        secret = re.sub(r"\s", "", page.locator(".acc-secret code").inner_text())
        page.get_by_label("Code the app shows").fill(front.code(secret))
        page.get_by_role("button", name="Turn it on").click()

        page.get_by_role("heading", name="Your backup codes").wait_for()
        found += look(page, "backup-codes")
        page.goto(f"{site}/staff/")
        found += look(page, "staff")
        page.get_by_role("link", name="Invite somebody").click()
        found += look(page, "invite")
        page.get_by_label("Name", exact=True).fill("Carol Clark")
        page.get_by_label("E-mail address").fill("carol@example.com")
        page.get_by_label("Role").select_option("clinician")
        page.get_by_role("button", name="Send the invitation").click()
        page.get_by_text("Carol Clark is invited").wait_for()
        assert (
            page.get_by_role("row", name=re.compile("Carol Clark")).get_by_text("Invited").count()
        )

        page.get_by_role("row", name=re.compile("Rita")).get_by_role("button").click()
        page.locator("#nx-confirm").get_by_role("button", name="Deactivate").click()
        page.get_by_role("row", name=re.compile("Rita")).get_by_text("Deactivated").wait_for()
        page.goto(f"{site}/account/")
        found += look(page, "account")
        page.get_by_role("link", name="Manage", exact=True).click()
        found += look(page, "factor")

        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
        assert cookies["__Host-nexus-session"]["domain"] == alpha.host
        # No server of streams runs here: the pages look for changes by themselves.
        assert [said for said in complaints if "ERR_CONNECTION_REFUSED" not in said] == []
    assert found == []
