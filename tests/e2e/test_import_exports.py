"""A clinic that has only a text export: it says how the file is written and finds its patients."""

from __future__ import annotations

import os
import re

import pytest

from config.demo_people import code_now
from tests.ui.axe import axe_violations

pytestmark = pytest.mark.e2e

PASSWORD = "plum harbour lantern 9"
SECRET = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"
MAKE_OWNER = f"""
from accounts.services import ensure_user
from tenants.lifecycle import create_tenant
from tenants.scope import tenant_scope
clinic = create_tenant(name="Maple Clinic", subdomain="maple")
with tenant_scope(clinic):
    ensure_user(email="tess@maple.example", name="Tess Textfile", role="owner",
                password="{PASSWORD}", totp_secret="{SECRET}")
"""
IMPORT = "/settings/data/import/"
ROWS = [(n, "Zoë", f"Müller {n}", f"{n}/05/1980", "04 1234 5678") for n in range(1, 25)]


def _sign_in(page, platform):
    made = platform.nexus("shell", "--no-imports", "-c", MAKE_OWNER)
    assert made.returncode == 0, made.stderr
    page.goto(platform.url("maple", IMPORT))
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill("tess@maple.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(code_now(SECRET))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Import", exact=True).wait_for()


def test_a_text_file_of_an_old_mac_becomes_patients(platform, page, tmp_path):
    path = tmp_path / "Kunden.tab"
    names = "Patient No\tGiven name\tSurname\tDate of birth\tPhone"
    lines = [names, *("\t".join(map(str, row)) for row in ROWS)]
    path.write_bytes("\r".join(lines).encode("mac-roman"))
    _sign_in(page, platform)

    page.goto(platform.url("maple", f"{IMPORT}new/"))
    page.locator("input[type=file]").set_input_files(path)

    page.get_by_text("Which of these reads right?").wait_for(timeout=30_000)
    assert axe_violations(page) == []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 1100})
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
        if folder := os.environ.get("NEXUS_E2E_KEEP"):
            page.screenshot(path=f"{folder}/written-{width}.png", full_page=True)
    assert page.get_by_role("radio", name="Macintosh").is_checked()
    page.get_by_label("The first row holds").select_option("no")
    page.get_by_role("button", name="Show it again like this").click()
    page.get_by_text("You said so.").wait_for()
    page.get_by_label("The first row holds").select_option("yes")
    page.get_by_role("button", name="Read the file like this").click()

    page.get_by_text("The file has been read").wait_for(timeout=60_000)
    page.get_by_role("link", name="Go on to the mapping").click()
    page.get_by_role("button", name="Save and run it dry").click()
    page.get_by_text("Dry run done: nothing was kept").wait_for(timeout=60_000)
    page.reload()
    page.get_by_role("button", name="Import", exact=True).click()
    page.locator("dialog[open]").get_by_role("button", name="Import").click()
    page.get_by_text(re.compile("^Loaded")).wait_for(timeout=60_000)
    page.goto(platform.url("maple", "/patients/?q=Müller"))
    page.get_by_text("Müller 7").first.wait_for()
