"""Settings → Data management in the browser: dry run, load, report, mend, full re-import, undo."""

from __future__ import annotations

import re

import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic
from tests.e2e.walk import look, make_clinic, sign_in

pytestmark = pytest.mark.e2e

DATA = "/settings/data/"
WAIT = 120_000


@pytest.fixture(scope="module")
def owner(platform):
    """An owner of a clinic of its own: the others' tests expect theirs to be empty."""
    return make_clinic(platform, "delta", owner="Dora Data")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_demo_clinic(tmp_path_factory.mktemp("upload") / "Northside.fmp12", factor=0.02)


def _confirm(page, action, phrase=""):
    dialog = page.get_by_role("dialog")
    if phrase:
        dialog.get_by_role("textbox").fill(phrase)
    dialog.get_by_role("button", name=action).click()


def _see(page, text):
    page.get_by_text(text).first.wait_for(timeout=WAIT)


def test_a_clinics_data_from_the_dry_run_to_the_undone_full_re_import(  # noqa: PLR0915 - one walk
    platform, owner, demo, page
):
    sign_in(page, platform.url("delta", DATA), owner)
    page.get_by_role("heading", name="Data management", exact=True).wait_for()
    look(page, "data-1-empty")

    page.get_by_role("link", name="Upload a file").first.click()
    page.locator("input[type=file]").set_input_files(demo.path)
    _see(page, "The file has been read")
    page.get_by_role("link", name="Go on to the mapping").click()
    page.get_by_role("button", name="Save and run it dry").click()
    _see(page, "Dry run done: nothing was kept")
    look(page, "data-2-dry-run")

    page.get_by_role("button", name="Import", exact=True).click()
    _confirm(page, "Import")
    _see(page, re.compile("^Loaded"))
    page.get_by_text("Log of this import").click()
    for name in ("0 · Validation", "3 · Patients", "4 · Appointments", "8 · "):
        assert page.get_by_text(name).first.is_visible()
    look(page, "data-3-loaded")
    run_url = page.url

    with page.expect_download() as started:
        page.get_by_role("link", name="This report (PDF)").click()
    assert started.value.path().read_bytes().startswith(b"%PDF-")
    page.get_by_role("link", name="Every column").click()
    page.get_by_role("heading", name="Every column").wait_for()
    assert page.get_by_text("Differs").count() == 0
    look(page, "data-4-columns")

    page.goto(f"{run_url}quarantine/")
    look(page, "data-5-set-aside")
    page.get_by_role("link", name=re.compile("No valid date")).first.click()
    page.get_by_role("link", name=re.compile("^Record ")).first.click()
    look(page, "data-6-record")
    page.get_by_label("Date, corrected", exact=True).fill("1/9/2026")
    page.get_by_role("button", name="Keep and take over now").click()
    _see(page, re.compile("^Loaded"))
    assert page.get_by_text("DOES NOT ADD UP").count() == 0

    page.get_by_role("link", name="Check against the file").click()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name=re.compile("^Compared with")).wait_for()
    page.get_by_text(re.compile("Everything agrees|This differs")).wait_for(timeout=WAIT)
    look(page, "data-7-compared")

    page.goto(platform.url("delta", DATA))
    look(page, "data-8-data")
    page.get_by_role("link", name=re.compile("Full re-import")).click()
    page.get_by_label(re.compile("^Type")).fill("beta")
    page.get_by_role("button", name="Begin with the dry run").click()
    page.get_by_text("To replace this clinic's records").wait_for()
    look(page, "data-9-replace")
    page.get_by_label(re.compile("^Type")).fill("delta")
    page.get_by_role("button", name="Begin with the dry run").click()
    _see(page, "Dry run done: nothing was kept")
    look(page, "data-10-replace-dry")
    page.get_by_role("button", name="Replace the records").click()
    _confirm(page, "Replace the records")
    _see(page, re.compile("^Loaded"))
    assert page.get_by_text("What was replaced").is_visible()
    look(page, "data-11-replaced")

    page.get_by_role("button", name="Undo").click()
    _confirm(page, "Undo the import", "undo")
    _see(page, "This import was undone")
    look(page, "data-12-undone")
    page.goto(platform.url("delta", DATA))
    page.get_by_role("heading", name="History").wait_for()
    assert page.get_by_text("Undone").count() >= 1
