"""From the public page to the clinic's own patients: a stranger signs up and brings a file along."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.demo_people import code_now
from onboarding.filemaker.demo_clinic import write_demo_clinic
from tests.e2e.walk import look

pytestmark = pytest.mark.e2e

SHARED = Path(os.environ.get("NEXUS_SHARED", Path(__file__).resolve().parents[3] / "shared"))
SAMPLES = {
    "atroup__filemaker-rest-connector__Contacts.fmp12": 1000,
    "chivalry__fm-library__QuickFind.fmp12": 3000,
    "SoliantMike__FM-DocumentFieldIDs__Contacts.fmp12": 1,
}
"""Sample → how many people it holds; the third sample's one contact has a name and little else."""

PASSWORD = "lantern quiet orchard"


def _sign_up(platform, page, subdomain: str, name: str) -> None:
    page.goto(platform.url(path="/signup/"))
    page.get_by_label("Clinic’s name").fill(name)
    page.get_by_label("Address").fill(subdomain)
    page.get_by_label("Your name").fill("Nora North")
    page.get_by_label("Work e-mail").fill(f"nora@{subdomain}.example")
    page.get_by_role("button", name="Mail me the link").click()
    page.goto(platform.mailed_link(f"nora@{subdomain}.example", "/signup/confirm/"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label(re.compile("I accept")).check()
    page.get_by_role("button", name="Make my clinic").click()
    page.get_by_role("link", name=f"Go to {name}").click(timeout=30_000)


def _first_sign_in(page, subdomain: str) -> None:
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill(f"nora@{subdomain}.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Set up your second factor").wait_for()
    page.get_by_text("You cannot scan it?").click()
    secret = page.locator(".acc-secret code").inner_text().replace(" ", "")
    page.get_by_label("Code the app shows").fill(code_now(secret))
    page.get_by_role("button", name="Turn it on").click()
    page.get_by_role("heading", name="Your backup codes").wait_for()
    page.get_by_role("link", name="I have kept them").click()


def _import(platform, page, subdomain: str, file: Path) -> None:
    page.goto(platform.url(subdomain, "/settings/data/import/"))
    page.get_by_role("link", name="Upload a file").first.click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_text("The file has been read").wait_for(timeout=90_000)
    page.get_by_role("link", name=re.compile("mapping")).first.click()
    page.get_by_role("button", name="Save and run it dry").click()
    page.get_by_text("Dry run done: nothing was kept").wait_for(timeout=90_000)
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    page.get_by_text(re.compile("^Loaded")).wait_for(timeout=90_000)
    page.get_by_text("Every record of the file is accounted for").wait_for()


def _count(platform, subdomain: str, what: str = "patients.models.Patient") -> int:
    module, _, model = what.rpartition(".")
    answer = platform.nexus(
        "shell",
        "--no-imports",
        "-c",
        f"""
from clinical.{module} import {model}
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="{subdomain}")
with tenant_scope(clinic):
    print({model}.objects.count())
""",
    )
    assert answer.returncode == 0, answer.stderr
    return int(answer.stdout)


def test_an_owner_signs_up_imports_and_finds_the_patients(platform, page, tmp_path):
    facts = write_demo_clinic(tmp_path / "Westside.fmp12", factor=0.05)
    _sign_up(platform, page, "westside", "Westside Physio")
    _first_sign_in(page, "westside")

    _import(platform, page, "westside", facts.path)

    page.goto(platform.url("westside", "/patients/"))
    rows = page.get_by_role("row")
    rows.nth(1).wait_for()
    family, _, given = rows.nth(1).locator("a").first.inner_text().partition(",")
    given = given.split("“")[0].strip()
    page.get_by_role("searchbox").last.fill(f"{given} {family}")
    page.wait_for_timeout(700)
    found = page.get_by_role("row").nth(1)
    assert family in found.inner_text()
    found.locator("a").first.click()
    page.get_by_role("heading", name=re.compile(family)).first.wait_for()
    page.get_by_text("From FileMaker").first.wait_for()
    assert _count(platform, "westside") > 100

    day = datetime.now(ZoneInfo("Australia/Sydney"))
    while day.weekday() > 4:  # nobody is seen at weekends
        day -= timedelta(days=1)
    page.goto(platform.url("westside", f"/appointments/?date={day:%Y-%m-%d}"))
    page.get_by_text(re.compile(r"\d+ appointments?")).first.wait_for()
    assert _count(platform, "westside", "appointments.models.Appointment") > 400
    assert platform.nexus("audit", "verify", "--tenant", "westside").returncode == 0

    _set_up_and_book(platform, page, family)


def _set_up_and_book(platform, page, family) -> None:
    """The set-up sees what the file has brought; then the first visit is booked."""
    page.goto(platform.url("westside", "/settings/setup/"))
    page.get_by_text("2 of 10 done").first.wait_for()
    page.get_by_text("Loaded on").wait_for()
    look(page, "road-setup")

    day = datetime.now(ZoneInfo("Australia/Sydney")) + timedelta(days=400)
    while day.weekday() > 4:
        day += timedelta(days=1)
    page.goto(platform.url("westside", f"/appointments/diary/?view=day&date={day:%Y-%m-%d}"))
    page.get_by_role("button", name="New appointment").click()
    drawer = page.locator("#diary-drawer")
    drawer.get_by_role("searchbox").fill(family)
    drawer.locator("[data-choose]").first.click()
    drawer.get_by_label("Time", exact=True).fill("10:00")
    drawer.get_by_role("button", name="Book", exact=True).click()
    page.get_by_text("Booked.").first.wait_for()
    page.locator("[data-event]").filter(has_text=family).first.wait_for()


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda name: name.split("__")[1])
def test_a_real_file_of_contacts_becomes_patients(platform, page, sample):
    file = SHARED / "filemaker" / "samples" / sample
    if not file.exists():
        pytest.skip(f"the sample files are not here: {file}")
    subdomain = f"real-{sample.split('__')[1].lower()[:20].strip('-')}"
    _sign_up(platform, page, subdomain, "Real Physio")
    _first_sign_in(page, subdomain)

    _import(platform, page, subdomain, file)

    assert _count(platform, subdomain) == SAMPLES[sample]


def test_no_wall_has_a_hole_after_all_that(platform):
    answer = platform.nexus("isolation", "check", "--json")

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert '"leaks": []' in answer.stdout
