"""An operator comes in with a passkey, sees a clinic as it is now, and asks for a job that gets done."""

from __future__ import annotations

import os
import re

from playwright.sync_api import expect

from tests.e2e.walk import PASSWORD, SECRET, look, make_clinic, sign_in

EMAIL = "olga@nexus.example"
_MAKE_OPERATOR = f"""
from accounts.services import ensure_user, make_backup_codes
from tenants.scope import platform_scope
with platform_scope():
    olga = ensure_user(email={EMAIL!r}, name="Olga Operator", role="operator", password={PASSWORD!r},
                       totp_secret={SECRET!r})
    print("CODE", make_backup_codes(olga)[0])
"""
OTHERS = (
    "/imports/", "/migrations/", "/self-check/", "/announcements/", "/announcements/new/", "/tokens/",
    "/networks/", "/jobs/ask/create/", "/jobs/ask/rebuild/", "/support/",
)  # fmt: skip


def _make_operator(platform) -> str:
    """Make the operator; answers a backup code, because a code of the app is good for once only."""
    made = platform.nexus("shell", "--no-imports", "-c", _MAKE_OPERATOR)
    assert made.returncode == 0, made.stderr[-2000:]
    return re.search(r"CODE (\S+)", made.stdout)[1]


def _plug_in_a_key(page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    session.send("WebAuthn.addVirtualAuthenticator", {"options": key})


def _add_passkey(page, platform, backup_code: str) -> None:
    page.goto(platform.url("ops", "/account/passkeys/new/"))
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("Code from your app").fill(backup_code)
    page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Laptop")).to_be_visible()


def _look_closer(page, name) -> None:
    """Look at the pages that are looked at only when somebody wants pictures: each takes its time."""
    if os.environ.get("NEXUS_E2E_KEEP"):
        look(page, name)


def test_an_operator_comes_in_by_passkey_and_looks_after_a_clinic(page, platform):
    make_clinic(platform, "watched", owner="Wanda Watched")
    backup_code = _make_operator(platform)
    _plug_in_a_key(page)
    sign_in(page, platform.url("ops", "/"), EMAIL)
    expect(page.get_by_role("heading", name="Clinics", exact=True)).to_be_visible()
    _add_passkey(page, platform, backup_code)
    _look_closer(page, "ops-passkeys")

    page.context.clear_cookies()
    sign_in(page, platform.url("ops", "/"), EMAIL, secret="")
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", name="Clinics", exact=True)).to_be_visible()

    page.get_by_role("link", name="Watched Clinic").click()
    page.get_by_role("button", name="Look again now").click()
    expect(page.get_by_text(re.compile(r"^As of .*just now"))).to_be_visible(timeout=15_000)
    look(page, "ops-clinic")
    page.goto(platform.url("ops", "/"))
    look(page, "ops-clinics")

    page.get_by_role("link", name="Watched Clinic").click()
    page.get_by_role("link", name="Suspend the clinic").click()
    page.get_by_label("Closed: nobody gets in").check()
    page.get_by_label("Reason").fill("The roof is being mended.")
    _look_closer(page, "ops-ask")
    page.get_by_role("button", name="Suspend the clinic").click()
    expect(page.locator("#job").get_by_text("Done").first).to_be_visible(timeout=15_000)
    _look_closer(page, "ops-job")
    page.goto(platform.url("watched", "/"))
    expect(page.get_by_text("The roof is being mended.").first).to_be_visible()

    page.goto(platform.url("ops", "/jobs/"))
    look(page, "ops-jobs")
    for path in OTHERS if os.environ.get("NEXUS_E2E_KEEP") else ():
        page.goto(platform.url("ops", path))
        _look_closer(page, "ops" + path.replace("/", "-").rstrip("-"))
