"""The main job: a clinic's owner brings the FileMaker file over and finds the patients there."""

from __future__ import annotations

import re

import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic
from tests.e2e.walk import look, make_clinic, sign_in

pytestmark = pytest.mark.e2e

IMPORT = "/settings/data/import/"


@pytest.fixture(scope="module")
def owners(platform):
    return {name: make_clinic(platform, name, owner="Ida Importer") for name in ("cedar", "aspen")}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return write_demo_clinic(
        tmp_path_factory.mktemp("upload") / "Northside Clinic.fmp12", factor=0.02
    )


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
    sign_in(page, platform.url("cedar", IMPORT), owners["cedar"])
    page.get_by_role("heading", name="Import", exact=True).wait_for()
    page.get_by_text("No imports yet").wait_for()
    look(page, "import-1-empty")

    page.get_by_role("link", name="Upload a file").first.click()
    look(page, "import-2-upload")
    wrong = tmp_path / "Clinic.fmp12"
    wrong.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 9000)
    page.locator("input[type=file]").set_input_files(wrong)
    page.get_by_text("This is neither a FileMaker file nor an export").first.wait_for()
    look(page, "import-2-upload-refused")
    page.locator("input[type=file]").set_input_files(demo.path)

    page.get_by_text("The file has been read").wait_for(timeout=60_000)
    look(page, "import-3-read")
    page.get_by_role("link", name="What is in it").click()
    page.get_by_role("heading", name=re.compile("What is in")).wait_for()
    assert "Weight kg" in page.content()
    look(page, "import-4-contents")
    _no_sideways_scroll(page)

    page.get_by_role("link", name="Go on to the mapping").click()
    page.get_by_role("heading", name="What becomes of it").wait_for()
    assert page.get_by_label("DOB", exact=True).input_value() == "date_of_birth"
    look(page, "import-5-mapping")
    _no_sideways_scroll(page)
    page.get_by_role("button", name="Save and run it dry").click()

    page.get_by_text("Dry run done: nothing was kept").wait_for(timeout=60_000)
    page.reload()
    page.get_by_text("Dry run done: nothing was kept").wait_for()
    look(page, "import-6-dry-run")
    _no_sideways_scroll(page)
    page.get_by_role("button", name="Import", exact=True).click()
    look(page, "import-6-confirm")
    _confirm(page, "Import")

    page.get_by_text(re.compile("^Loaded")).wait_for(timeout=60_000)
    look(page, "import-7-loaded")
    page.get_by_role("link", name="See the records").click()
    page.get_by_text("Its patient is not among the patients.").first.wait_for()
    look(page, "import-8-records")
    page.goto(platform.url("cedar", "/patients/"))
    page.get_by_role("table").first.wait_for()
    look(page, "import-9-patients")

    page.goto(platform.url("cedar", IMPORT))
    look(page, "import-10-list")
    page.get_by_role("link", name="Northside Clinic.fmp12").click()
    page.get_by_role("button", name="Undo").click()
    look(page, "import-11-undo")
    _confirm(page, "Undo the import", "undo")
    page.get_by_text("This import was undone").first.wait_for(timeout=60_000)
    look(page, "import-12-undone")


def test_the_neighbour_sees_nothing_of_it(platform, owners, page):
    sign_in(page, platform.url("aspen", IMPORT), owners["aspen"])
    page.get_by_role("heading", name="Import", exact=True).wait_for()

    page.get_by_text("No imports yet").wait_for()
