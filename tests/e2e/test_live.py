"""A clinic's owner connects the FileMaker Server, reads it, and finds the patients; then ends it."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import date

import psycopg
import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic
from onboarding.filemaker.fmp.reader import open_file
from tests.e2e.walk import PASSWORD, SECRET, sign_in
from tests.onboarding.filemaker.live.conftest import (  # noqa: F401 - fixtures
    authority,
    authority_pem,
    certificate,
)
from tests.onboarding.filemaker.live.double.database import seed_from
from tests.onboarding.filemaker.live.double.server import FileMakerDouble
from tests.ui.axe import axe_violations

pytestmark = pytest.mark.e2e

SERVER_PASSWORD = "Zq7-only-for-the-server-Zq7"
CONNECTION = "/settings/data/connection/"
MAKE_OWNER = f"""
from accounts.services import ensure_user
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="beta")
with tenant_scope(clinic):
    ensure_user(email="lia@beta.example", name="Lia Live", role="owner",
                password="{PASSWORD}", totp_secret="{SECRET}")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory, certificate):  # noqa: F811 - the fixture above
    path = tmp_path_factory.mktemp("live") / "Northside.fmp12"
    write_demo_clinic(path, factor=0.02, today=date(2026, 11, 20))
    with open_file(path) as file:
        database = seed_from(file, "Northside")
    with FileMakerDouble(database, certificate=certificate) as running:
        running.password = SERVER_PASSWORD
        yield running


def _look(page, name):
    """Check the page for everybody; keep what it looks like where somebody wants to see it."""
    assert axe_violations(page) == []
    if folder := os.environ.get("NEXUS_E2E_KEEP"):
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(400)
            page.screenshot(path=f"{folder}/live-{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
    assert SERVER_PASSWORD not in page.content()


def _sign_in(page, platform):
    sign_in(page, platform.url("beta", CONNECTION), "lia@beta.example")
    page.get_by_role("heading", name="FileMaker Server", exact=True).wait_for()


def _fill_in(page, server, pem, *, password):
    page.get_by_label("Server", exact=True).fill(f"localhost:{server.port}")
    page.get_by_label("Database", exact=True).fill("Northside")
    page.get_by_label("Account", exact=True).fill(server.account)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Certificate of your own authority").fill(pem)


def test_an_owner_connects_reads_and_finds_the_patients(
    platform,
    page,
    server,
    authority_pem,  # noqa: F811 - the fixture above
):
    made = platform.nexus("shell", "--no-imports", "-c", MAKE_OWNER)
    assert made.returncode == 0, made.stderr
    _sign_in(page, platform)
    _look(page, "empty")

    page.get_by_role("link", name="Connect to FileMaker Server").click()
    _fill_in(page, server, authority_pem, password="a wrong one")
    _look(page, "form")
    page.get_by_role("button", name="Save and test").click()
    page.get_by_text("does not accept this account name and password").wait_for()
    _look(page, "refused")

    page.get_by_role("link", name="Change").click()
    page.get_by_label(re.compile("^Password")).fill(SERVER_PASSWORD)
    page.get_by_role("button", name="Save and test").click()
    page.get_by_text("It works: the server lets us in").wait_for()
    _look(page, "connected")
    page.get_by_role("link", name="Choose layouts").click()
    page.get_by_label("Choose for me").wait_for()
    _look(page, "layouts")
    page.get_by_role("link", name="Cancel").click()

    page.get_by_role("button", name="Read from FileMaker now").click()
    page.get_by_text("has been read").wait_for(timeout=90_000)
    page.get_by_role("link", name=re.compile("mapping")).first.click()
    page.get_by_role("button", name="Save and run it dry").click()
    page.get_by_text("Dry run done: nothing was kept").wait_for(timeout=90_000)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    page.get_by_text(re.compile("^Loaded")).wait_for(timeout=90_000)
    page.get_by_text("Every record").first.wait_for()
    _look(page, "loaded")

    page.goto(platform.url("beta", "/patients/"))
    page.get_by_role("row").nth(1).locator("a").first.click()
    page.get_by_text("From FileMaker").first.wait_for()

    page.goto(platform.url("beta", CONNECTION))
    page.get_by_text("Connected", exact=True).first.wait_for()
    _look(page, "synced")
    _is_nowhere_in_clear(platform)
    assert server.sessions == {}

    page.get_by_role("button", name="Disconnect").click()
    page.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    page.get_by_text("No password is stored").wait_for()
    _look(page, "disconnected")


def _is_nowhere_in_clear(platform):
    """Look through every table and every file of the installation, logs and all."""
    name = platform.environment["DATABASE_URL"].rsplit("/", 1)[1]
    with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname=name) as raw:
        tables = raw.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
            "WHERE schemaname ~ '^c_[0-9]+$' OR schemaname = 'public'"
        ).fetchall()
        found = [
            table
            for (table,) in tables
            if raw.execute(
                f"SELECT 1 FROM {table} AS t WHERE strpos(t::text, %s) > 0 LIMIT 1",
                [SERVER_PASSWORD],
            ).fetchone()
        ]
    folder = platform.environment["NEXUS_VAR"]
    searched = subprocess.run(
        ["grep", "-rlF", SERVER_PASSWORD, folder], capture_output=True, text=True, check=False
    )

    assert len(tables) > 80
    assert found == []
    assert searched.stdout == ""
