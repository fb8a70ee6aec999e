"""Support is asked for, let in, looks, is thrown out; the owner reads what was opened."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.walk import PASSWORD, SECRET, look, make_clinic, sign_in

EMAIL = "sam@nexus.example"
_PREPARE = f"""
from accounts.services import ensure_user
from clinical.patients.models import Patient
from tenants.models import Tenant
from tenants.scope import platform_scope, public_scope, tenant_scope
with platform_scope():
    ensure_user(email={EMAIL!r}, name="Sam Support", role="operator", password={PASSWORD!r},
                totp_secret={SECRET!r})
with public_scope():
    clinic = Tenant.objects.get(subdomain="lookedat")
with tenant_scope(clinic):
    Patient.objects.create(given_names="Ada", family_name="Quill")
"""


def test_an_operator_asks_is_let_in_looks_and_is_out(page, browser, platform):
    owner = make_clinic(platform, "lookedat", owner="Wilma Watched")
    prepared = platform.nexus("shell", "--no-imports", "-c", _PREPARE)
    assert prepared.returncode == 0, prepared.stderr[-2000:]
    sign_in(page, platform.url("ops", "/support/"), EMAIL)
    page.get_by_role("button", name="Ask a clinic").click()
    page.get_by_role("listitem").filter(has_text="Lookedat Clinic").get_by_role(
        "link", name="Ask"
    ).click()
    page.get_by_label("What for").fill("The list shows one patient too few")
    look(page, "support-ask")
    page.get_by_role("button", name="Ask the owners").click()
    expect(page.get_by_text("Waits for an owner")).to_be_visible()

    with browser.new_context() as theirs:
        clinic = theirs.new_page()
        sign_in(clinic, platform.url("lookedat", "/settings/support/"), owner)
        look(clinic, "support-asked")
        clinic.get_by_role("link", name="Answer").click()
        look(clinic, "support-answer")
        clinic.get_by_role("button", name="Let them in").click()

        page.reload()
        look(page, "support-desk")
        page.get_by_role("button", name="Enter").click()
        look(page, "support-enter")
        page.get_by_role("button", name="Enter").click()
        expect(page.get_by_text("by leave of Wilma Watched")).to_be_visible()
        page.goto(platform.url("lookedat", "/patients/"))
        page.get_by_role("link", name="Quill").first.click()
        look(page, "support-inside")

        clinic.reload()
        expect(clinic.get_by_text("Sam Support of Nexus support is in your clinic")).to_be_visible()
        expect(clinic.get_by_text("Patient: Ada Quill")).to_be_visible()
        look(clinic, "support-looked")
        clinic.get_by_role("button", name="End it now").click()
        expect(clinic.get_by_text("Ended. Whoever was in is out.")).to_be_visible()
        page.goto(platform.url("lookedat", "/patients/"))
        expect(page.get_by_label("Password")).to_be_visible()
        clinic.goto(platform.url("lookedat", "/settings/where/"))
        look(clinic, "support-where")
        clinic.goto(platform.url("lookedat", "/settings/support/"))
        look(clinic, "support-past")
