"""A person who is here twice is made one in the browser; everything is taken along as CSV."""

from __future__ import annotations

import re
import zipfile

import pytest

from tests.e2e.walk import look, make_clinic, sign_in

pytestmark = pytest.mark.e2e

PEOPLE = """
from clinical.patients.contacts import normalise_contact
from clinical.patients.models import ContactPoint, Patient
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="linden")
with tenant_scope(clinic):
    for given, notes, phone in (("Rosalind", "Left knee.", "0412 345 678"),
                                ("Rosalynd", "Right hip.", "0412345678")):
        person = Patient.objects.create(
            given_names=given, family_name="Twiceover", date_of_birth="1980-03-12", notes=notes,
            extra={"Hobby": "Beekeeping " + given})
        ContactPoint.objects.create(patient=person, kind="mobile", value=phone,
                                    normalised=normalise_contact("mobile", phone))
"""


@pytest.fixture(scope="module")
def clinic(platform):
    owner = make_clinic(platform, "linden", owner="Peta People")
    made = platform.nexus("shell", "--no-imports", "-c", PEOPLE)
    assert made.returncode == 0, made.stderr
    return owner


def test_two_records_become_one_and_everything_is_taken_along(platform, clinic, page, tmp_path):
    sign_in(page, platform.url("linden", "/patients/twice/"), clinic)
    page.get_by_text("Nobody has looked yet").wait_for()
    look(page, "people-1-empty")
    page.get_by_role("button", name="Look through the clinic").click()
    page.get_by_role("link", name=re.compile("Twiceover.*Twiceover")).wait_for(timeout=90_000)
    look(page, "people-2-list")

    page.get_by_role("link", name=re.compile("Twiceover.*Twiceover")).click()
    page.get_by_role("heading", name="One person or two?").wait_for()
    look(page, "people-3-pair")
    page.get_by_role("button", name="Merge into one record").click()
    page.get_by_role("dialog").get_by_role("button", name="Merge").click()
    page.get_by_role("heading", name=re.compile("Rosal.nd Twiceover")).wait_for()
    page.get_by_role("link", name=re.compile("Merged with Rosal")).wait_for()
    look(page, "people-4-merged")

    page.get_by_role("button", name="Undo").click()
    page.get_by_text("They are two records again").wait_for()
    look(page, "people-5-undone")

    page.goto(platform.url("linden", "/patients/"))
    page.get_by_label("Old fields too").check()
    page.get_by_role("searchbox", name=re.compile("Name, phone")).fill("beekeep")
    page.get_by_role("heading", name="In old FileMaker fields").wait_for()
    look(page, "people-6-old-fields")

    page.goto(platform.url("linden", "/settings/data/export/"))
    look(page, "people-7-export")
    page.get_by_role("button", name="Write the export").click()
    page.get_by_role("button", name="Download").wait_for(timeout=90_000)
    look(page, "people-8-ready")
    with page.expect_download() as started:
        page.get_by_role("button", name="Download").click()
    archive = zipfile.ZipFile(started.value.path())
    assert archive.testzip() is None
    assert b"Twiceover" in archive.read("tables/patients_patient.csv")
    assert "manifest.json" in archive.namelist()
