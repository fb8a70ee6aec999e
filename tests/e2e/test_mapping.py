"""The mapping page as a clinic uses it: find, filter, try, decide, save, go back; by mouse and keyboard."""

from __future__ import annotations

import re

import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic
from tests.e2e.walk import look, make_clinic, sign_in

pytestmark = pytest.mark.e2e

PREPARE = """
from pathlib import Path
from clinical.practice.models import AppointmentType
from onboarding.imports.runs import begin_run
from onboarding.imports.services import read_file
from onboarding.imports.upload import receive_file
from tenants.models import Tenant
from tenants.scope import NOBODY, public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="sorrel")
with tenant_scope(clinic):
    for name in ("Initial Assesment", "Telehealt"):
        AppointmentType.objects.create(name=name, duration_minutes=30)
    run = begin_run(receive_file(Path("{path}"), actor=NOBODY), actor=NOBODY)
read_file(clinic, run.pk)
print("RUN", run.pk)
"""


@pytest.fixture(scope="module")
def run_id(platform, tmp_path_factory):
    """A file that has been read, waiting for its mapping."""
    make_clinic(platform, "sorrel", owner="Ida Importer")
    demo = write_demo_clinic(tmp_path_factory.mktemp("mapping") / "Clinic.fmp12", factor=0.02)
    script = PREPARE.format(path=demo.path)
    made = platform.nexus("shell", "--no-imports", "-c", script)
    assert made.returncode == 0, made.stderr
    return re.search(r"RUN (\S+)", made.stdout)[1]


@pytest.fixture(scope="module")
def signed_in(platform, run_id, browser):
    """What the browser keeps of a sign-in: one code is good for one."""
    context = browser.new_context(locale="en-AU")
    page = context.new_page()
    sign_in(page, platform.url("sorrel", "/settings/data/import/"), "ida@sorrel.example")
    page.get_by_role("heading", name="Import", exact=True).wait_for()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def mapping(platform, run_id, signed_in, page):
    """The mapping page, signed in."""
    page.context.add_cookies(signed_in["cookies"])
    page.goto(platform.url("sorrel", f"/settings/data/import/{run_id}/mapping/"))
    page.get_by_role("heading", name="What becomes of it").wait_for()
    return page


def field(page, name):
    return page.locator("tr[data-field]").filter(has=page.get_by_text(name, exact=True)).first


def test_fields_are_found_filtered_and_tried_before_anything_is_saved(mapping):
    page = mapping
    look(page, "mapping-1-page")

    page.get_by_label("Find a field").fill("dob")
    assert page.locator("tr[data-field]:visible").count() == 1
    page.get_by_label("Find a field").fill("nothing like it")
    page.get_by_text("No field matches.").wait_for()
    page.get_by_role("button", name="Show all fields").click()
    page.get_by_role("button", name=re.compile("^Not mapped")).click()
    assert page.locator("tr[data-field]:visible").count() > 3
    assert page.locator('tr[data-field]:visible:not([data-state="kept"])').count() == 0
    page.get_by_role("button", name="All", exact=True).click()

    street = field(page, "Address Street")
    street.get_by_role("button", name="How it is read").click()
    panel = page.locator("tr.im-panel-row:visible")
    panel.get_by_text("What becomes of it").wait_for()
    panel.get_by_label("Read it as").select_option("block")
    panel.get_by_text("No postcode or state in it").first.wait_for()
    assert "•" in panel.inner_text()
    page.get_by_text("Not saved yet").wait_for()
    look(page, "mapping-2-panel")

    field(page, "Weight kg").locator("select").select_option("notes")
    assert "Chosen by you." in field(page, "Weight kg").inner_text()
    field(page, "Weight kg").get_by_role("button", name="Leave out").click()
    assert field(page, "Weight kg").get_attribute("data-state") == "left"

    page.get_by_label("DOB", exact=True).focus()
    page.keyboard.press("Control+ArrowDown")
    assert page.evaluate("document.activeElement.matches('select[data-choice]')")


def test_what_is_wrong_stands_beside_the_field(mapping):
    page = mapping
    page.locator("#t129-table").get_by_label("Name Last", exact=True).select_option("given_names")

    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_text("This mapping cannot be used yet").wait_for()
    wrong = page.locator("tr[data-field][data-problem]")
    assert wrong.count() == 1
    assert "two fields go to Given name" in wrong.inner_text()
    look(page, "mapping-3-wrong")


def test_unsaved_changes_are_not_lost_unasked(mapping):
    page = mapping
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_label("DOB", exact=True).select_option("plan_start")

    page.get_by_role("link", name=re.compile("Versions")).click()
    page.wait_for_timeout(300)
    page.get_by_label("DOB", exact=True).select_option("date_of_birth")  # as it was: nobody asks

    assert asked == ["beforeunload"]
    assert "/versions/" not in page.url


def test_values_are_decided_saved_compared_and_taken_back(mapping, tmp_path):
    page = mapping
    page.get_by_role("button", name="Save and decide values").click()
    page.get_by_role("heading", name="Values to decide").wait_for()
    look(page, "mapping-4-values")
    progress = page.locator("[data-progress]")
    total = int(re.search(r"of (\d+)", progress.inner_text())[1])
    assert total > 0
    assert page.evaluate("document.activeElement.matches('[data-decision]')")
    row = page.locator("tr[data-value]:not([data-settled])").first
    row.locator("[data-suggest]").press("Enter")
    assert progress.inner_text() == f"1 of {total} decided"
    last = page.locator("tr[data-value]:not([data-settled])").last
    last.locator("select").select_option("quarantine")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text(f"{min(2, total)} of {total} decided").wait_for()

    page.get_by_role("link", name="Back to the mapping").click()
    page.get_by_role("link", name=re.compile("Versions")).click()
    page.get_by_role("heading", name="What differs").wait_for()
    assert "records set aside" in page.content()
    look(page, "mapping-5-versions")
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the mapping as a file").click()
    kept = tmp_path / "mapping.json"
    download.value.save_as(kept)
    assert "filemaker-mapping" in kept.read_text()
    page.get_by_role("button", name="Use again").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Use it again").click()
    page.get_by_text("is used again, as version").wait_for()
    page.goto(page.url + "versions/")
    page.locator("#id_file").set_input_files(kept)
    page.get_by_role("button", name="Take it over").click()
    page.get_by_text("The mapping was taken over as version").wait_for()
