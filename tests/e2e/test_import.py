"""The main job: a clinic's owner brings the FileMaker file over and finds the patients there."""

from __future__ import annotations

import os
import re

import pytest

from config.demo_people import code_now
from onboarding.filemaker.demo_clinic import write_demo_clinic
from tests.ui.axe import axe_violations

pytestmark = pytest.mark.e2e

PASSWORD = "plum harbour lantern 7"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ"
MAKE_OWNERS = f"""
from accounts.services import ensure_user
from tenants.lifecycle import create_tenant
from tenants.scope import tenant_scope
for subdomain in ("cedar", "aspen"):
    clinic = create_tenant(name=f"{{subdomain.capitalize()}} Clinic", subdomain=subdomain)
    with tenant_scope(clinic):
        ensure_user(email=f"ida@{{subdomain}}.example", name="Ida Importer", role="owner",
                    password="{PASSWORD}", totp_secret="{SECRET}")
"""
IMPORT = "/settings/data/import/"


@pytest.fixture(scope="module")
def owners(platform):
    made = platform.nexus("shell", "--no-imports", "-c", MAKE_OWNERS)
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_demo_clinic(
        tmp_path_factory.mktemp("upload") / "Northside Clinic.fmp12", factor=0.05
    )


def _sign_in(page, platform, subdomain):
    page.goto(platform.url(subdomain, IMPORT))
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill(f"ida@{subdomain}.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    totp_code = page.get_by_label("Code")
    totp_code.fill(code_now(SECRET))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Import", exact=True).wait_for()


def _look(page, name):
    """Check the page for everybody; keep what it looks like where somebody wants to see it."""
    assert axe_violations(page) == []
    folder = os.environ.get("NEXUS_E2E_KEEP")
    if not folder:
        return
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 1100})
        page.wait_for_timeout(400)
        page.screenshot(path=f"{folder}/import-{name}-{width}.png")
    page.set_viewport_size({"width": 1440, "height": 900})


def _no_sideways_scroll(page):
    page.set_viewport_size({"width": 390, "height": 844})
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    assert wider <= 0


def _confirm(page, action, phrase=""):
    dialog = page.get_by_role("dialog")
    if phrase:
        dialog.get_by_role("textbox").fill(phrase)
    dialog.get_by_role("button", name=action).click()


def test_a_clinic_brings_its_filemaker_file_over(platform, owners, demo, page, tmp_path):
    _sign_in(page, platform, "cedar")
    page.get_by_text("No imports yet").wait_for()
    _look(page, "1-empty")

    page.get_by_role("link", name="Upload a file").first.click()
    _look(page, "2-upload")
    wrong = tmp_path / "Clinic.fmp12"
    wrong.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 9000)
    page.locator("input[type=file]").set_input_files(wrong)
    page.get_by_text("This is neither a FileMaker file nor an export").first.wait_for()
    _look(page, "2-upload-refused")
    page.locator("input[type=file]").set_input_files(demo.path)

    page.get_by_text("The file has been read").wait_for(timeout=60_000)
    _look(page, "3-read")
    page.get_by_role("link", name="What is in it").click()
    page.get_by_role("heading", name=re.compile("What is in")).wait_for()
    assert "Weight kg" in page.content()
    _look(page, "4-contents")
    _no_sideways_scroll(page)

    page.get_by_role("link", name="Go on to the mapping").click()
    page.get_by_role("heading", name="What becomes of it").wait_for()
    assert page.get_by_label("DOB", exact=True).input_value() == "date_of_birth"
    _look(page, "5-mapping")
    _no_sideways_scroll(page)
    page.get_by_role("button", name="Save and run it dry").click()

    page.get_by_text("Dry run done: nothing was kept").wait_for(timeout=60_000)
    page.reload()
    page.get_by_text("Dry run done: nothing was kept").wait_for()
    _look(page, "6-dry-run")
    _no_sideways_scroll(page)
    page.get_by_role("button", name="Import", exact=True).click()
    _look(page, "6-confirm")
    _confirm(page, "Import")

    page.get_by_text(re.compile("^Loaded")).wait_for(timeout=60_000)
    _look(page, "7-loaded")
    page.get_by_role("link", name="See the records").click()
    page.get_by_text("Its patient is not among the patients.").first.wait_for()
    _look(page, "8-records")
    page.goto(platform.url("cedar", "/patients/"))
    page.get_by_role("table").first.wait_for()
    _look(page, "9-patients")

    page.goto(platform.url("cedar", IMPORT))
    _look(page, "10-list")
    page.get_by_role("link", name="Northside Clinic.fmp12").click()
    page.get_by_role("button", name="Undo").click()
    _look(page, "11-undo")
    _confirm(page, "Undo the import", "undo")
    page.get_by_text("This import was undone").first.wait_for(timeout=60_000)
    _look(page, "12-undone")


def test_the_neighbour_sees_nothing_of_it(platform, owners, page):
    _sign_in(page, platform, "aspen")

    page.get_by_text("No imports yet").wait_for()
