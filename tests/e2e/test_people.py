"""A person who is here twice is made one in the browser; everything is taken along as CSV."""

from __future__ import annotations

import os
import re
import zipfile

import pytest

from config.demo_people import code_now
from tests.ui.axe import axe_violations

pytestmark = pytest.mark.e2e

PASSWORD = "plum harbour lantern 8"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXR"
MAKE_CLINIC = f"""
from accounts.services import ensure_user
from clinical.patients.contacts import normalise_contact
from clinical.patients.models import ContactPoint, Patient
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="beta")
with tenant_scope(clinic):
    ensure_user(email="peta@beta.example", name="Peta People", role="owner",
                password="{PASSWORD}", totp_secret="{SECRET}")
    for given, notes, phone in (("Rosalind", "Left knee.", "0412 345 678"),
                                ("Rosalynd", "Right hip.", "0412345678")):
        person = Patient.objects.create(
            given_names=given, family_name="Twiceover", date_of_birth="1980-03-12", notes=notes,
            extra={{"Hobby": "Beekeeping " + given}})
        ContactPoint.objects.create(patient=person, kind="mobile", value=phone,
                                    normalised=normalise_contact("mobile", phone))
"""


@pytest.fixture(scope="module")
def clinic(platform):
    made = platform.nexus("shell", "--no-imports", "-c", MAKE_CLINIC)
    assert made.returncode == 0, made.stderr


def _sign_in(page, platform, path):
    page.goto(platform.url("beta", path))
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill("peta@beta.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(code_now(SECRET))
    page.get_by_role("button", name="Go on").click()


def _look(page, name):
    """Check the page for everybody; keep what it looks like where somebody wants to see it."""
    assert axe_violations(page) == []
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(300)
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, (name, width)
        if folder := os.environ.get("NEXUS_E2E_KEEP"):
            page.screenshot(path=f"{folder}/people-{name}-{width}.png", full_page=True)


def test_two_records_become_one_and_everything_is_taken_along(platform, clinic, page, tmp_path):
    _sign_in(page, platform, "/patients/twice/")
    page.get_by_text("Nobody has looked yet").wait_for()
    _look(page, "1-empty")
    page.get_by_role("button", name="Look through the clinic").click()
    page.get_by_role("link", name=re.compile("Twiceover.*Twiceover")).wait_for(timeout=90_000)
    _look(page, "2-list")

    page.get_by_role("link", name=re.compile("Twiceover.*Twiceover")).click()
    page.get_by_role("heading", name="One person or two?").wait_for()
    _look(page, "3-pair")
    page.get_by_role("button", name="Merge into one record").click()
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    page.get_by_role("heading", name=re.compile("Rosal.nd Twiceover")).wait_for()
    page.get_by_role("link", name=re.compile("Merged with Rosal")).wait_for()
    _look(page, "4-merged")

    page.get_by_role("button", name="Undo").click()
    page.get_by_text("They are two records again").wait_for()
    _look(page, "5-undone")

    page.goto(platform.url("beta", "/patients/"))
    page.get_by_label("Old fields too").check()
    page.get_by_role("searchbox", name=re.compile("Name, phone")).fill("beekeep")
    page.get_by_role("heading", name="In old FileMaker fields").wait_for()
    _look(page, "6-old-fields")

    page.goto(platform.url("beta", "/settings/data/export/"))
    _look(page, "7-export")
    page.get_by_role("button", name="Write the export").click()
    page.get_by_role("button", name="Download").wait_for(timeout=90_000)
    _look(page, "8-ready")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download").click()
    archive = zipfile.ZipFile(started.value.path())
    assert archive.testzip() is None
    assert b"Twiceover" in archive.read("tables/patients_patient.csv")
    assert "manifest.json" in archive.namelist()
