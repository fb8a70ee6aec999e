"""A clinic that has only a text export: it says how the file is written and finds its patients."""

from __future__ import annotations

import os
import re

import pytest

from tests.e2e.walk import make_clinic, sign_in
from tests.ui.axe import axe_violations

pytestmark = pytest.mark.e2e

IMPORT = "/settings/data/import/"
ROWS = [(n, "Zoë", f"Müller {n}", f"{n}/05/1980", "04 1234 5678") for n in range(1, 25)]


def test_a_text_file_of_an_old_mac_becomes_patients(platform, page, tmp_path):
    path = tmp_path / "Kunden.tab"
    names = "Patient No\tGiven name\tSurname\tDate of birth\tPhone"
    lines = [names, *("\t".join(map(str, row)) for row in ROWS)]
    path.write_bytes("\r".join(lines).encode("mac-roman"))
    owner = make_clinic(platform, "maple", owner="Tess Textfile")
    sign_in(page, platform.url("maple", IMPORT), owner)
    page.get_by_role("heading", name="Import", exact=True).wait_for()

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
