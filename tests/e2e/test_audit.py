"""The owner of a clinic asks who did what, and whether anybody has tampered with the answer."""

from __future__ import annotations

import pytest

from tests.e2e.walk import PASSWORD, SECRET, sign_in

pytestmark = pytest.mark.e2e

MAKE_OWNER = f"""
from accounts.services import ensure_user
from clinical.practice.models import Location
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope
with public_scope():
    alpha = Tenant.objects.get(subdomain="alpha")
with tenant_scope(alpha, actor=Actor(id="7", label="Alice Adams")):
    ensure_user(email="olive@alpha.example", name="Olive Owner", role="owner",
                password="{PASSWORD}", totp_secret="{SECRET}")
    place = Location.objects.create(name="Nortside")
    place.name = "Northside"
    place.save()
"""


@pytest.fixture(scope="module")
def owner(platform):
    made = platform.nexus("shell", "--no-imports", "-c", MAKE_OWNER)
    assert made.returncode == 0, made.stderr


def test_the_owner_reads_the_trail_and_has_it_verified(platform, owner, page):
    sign_in(page, platform.url("alpha", "/audit/"), "olive@alpha.example")
    page.get_by_role("heading", name="Audit trail").wait_for()

    page.get_by_label("What").select_option(label="Location")
    page.get_by_role("button", name="Show").click()
    changed = page.get_by_role("row").filter(has_text="Changed")
    assert "Alice Adams" in changed.inner_text()
    assert changed.locator("del").inner_text() == "Nortside"
    assert changed.locator("ins").inner_text() == "Northside"

    assert platform.nexus("audit", "seal", "--tenant", "alpha").returncode == 0
    page.get_by_role("button", name="Verify now").click()
    page.get_by_text("stand as they were written").wait_for(timeout=20_000)
    assert platform.nexus("audit", "verify", "--tenant", "alpha").returncode == 0

    page.set_viewport_size({"width": 390, "height": 844})
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
