"""A clinic owner on a Sunday evening: from the public page to being signed in, without a call."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = pytest.mark.e2e

SPARE = """
from tenants import spares
from tenants.models import Spare
from tenants.scope import public_scope
spares.keep(1)
with public_scope(using="owner"):
    print(Spare.objects.get().pk)
"""


def test_an_owner_signs_up_and_gets_a_clinic_in_seconds(platform, page):
    spare = platform.nexus("shell", "--no-imports", "-c", SPARE)
    assert spare.returncode == 0, spare.stderr
    page.goto(platform.url())
    page.get_by_role("link", name=re.compile("sign up|set up|start", re.IGNORECASE)).first.click()
    page.get_by_label("Clinic’s name").fill("Northside Physio")
    page.get_by_label("Address").fill("northside")
    page.get_by_text("northside.localhost is free").wait_for()
    page.get_by_label("Your name").fill("Nora North")
    page.get_by_label("Work e-mail").fill("nora@northside.example")
    page.get_by_role("button", name="Mail me the link").click()
    page.get_by_role("heading", name="Look into your mail").wait_for()
    page.goto(platform.mailed_link("nora@northside.example", "/signup/confirm/"))
    page.get_by_label("Password").fill("lantern quiet orchard")
    page.get_by_label(re.compile("I accept")).check()
    page.get_by_role("button", name="Make my clinic").click()

    page.get_by_role("link", name="Go to Northside Physio").click(timeout=15_000)

    page.wait_for_url(re.compile(r"http://northside\.localhost:\d+/login/"))
    assert "Northside Physio" in page.title() or page.get_by_text("Northside Physio").count()
    listed = json.loads(platform.nexus("tenants", "--json", "list").stdout)
    [northside] = [row for row in listed if row["subdomain"] == "northside"]
    assert northside["id"] == int(spare.stdout), "it was built while its owner waited"


def test_a_taken_address_is_refused_with_a_word(platform, page):
    page.goto(platform.url(path="/signup/"))
    page.get_by_label("Address").fill("alpha")

    page.get_by_text("“alpha” is taken").wait_for()
