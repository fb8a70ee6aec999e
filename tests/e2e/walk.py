"""What the walks through the browser have in common: a clinic, coming in, looking at a page."""

from __future__ import annotations

import os
import re

from config.demo_people import code_now
from tests.ui.axe import axe_violations

PASSWORD = "plum harbour lantern 7"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_MAKE_CLINIC = """
from accounts.services import ensure_user
from tenants.lifecycle import create_tenant
from tenants.scope import tenant_scope
clinic = create_tenant(name={name!r}, subdomain={subdomain!r})
with tenant_scope(clinic):
    ensure_user(email={email!r}, name={owner!r}, role="owner", password={password!r}, totp_secret={secret!r})
"""


def make_clinic(platform, subdomain, *, owner) -> str:
    """Make a clinic of the test's own, so that none finds what another has left; answers its owner's mail."""
    email = f"{owner.split()[0].lower()}@{subdomain}.example"
    script = _MAKE_CLINIC.format(
        name=f"{subdomain.capitalize()} Clinic", subdomain=subdomain, email=email, owner=owner,
        password=PASSWORD, secret=SECRET,
    )  # fmt: skip
    made = platform.nexus("shell", "--no-imports", "-c", script)
    assert made.returncode == 0, made.stderr[-2000:]
    return email


def sign_in(page, url, email, *, password=PASSWORD, secret=SECRET) -> None:
    """Go to a page and come in. A code is good for one sign-in of a person; secret "": they need none."""
    page.goto(url)
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    if secret:
        page.get_by_label("Code").fill(code_now(secret))
        page.get_by_role("button", name="Go on").click()


AT_REST = """() => new Promise(rest => requestAnimationFrame(() => requestAnimationFrame(() => {
    const moving = document.getAnimations().filter(
        one => one.effect.getComputedTiming().iterations !== Infinity)
    Promise.race([Promise.allSettled(moving.map(one => one.finished)),
                  new Promise(late => setTimeout(late, 1000))]).then(() => rest())
})))"""
"""What moves has come to its end, or a second has passed."""


def look(page, name) -> None:
    """Axe finds nothing grave, and nothing stands out of a phone's screen.

    NEXUS_E2E_KEEP names a folder for pictures.
    """
    folder = os.environ.get("NEXUS_E2E_KEEP")
    for width, height in ((390, 844), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(AT_REST)  # the side bar slides
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        if folder:
            page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    assert axe_violations(page) == [], name
