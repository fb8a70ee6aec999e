"""A colleague is told of a message at once, answers it and does the task; the recall list is worked."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.walk import PASSWORD, look, sign_in

pytestmark = pytest.mark.e2e

SETTING = f"""
from accounts.services import ensure_user
from clinical.appointments.demo import fill_demo_clinic
from django.utils import timezone
import random
from clinical.notices.models import Notice
from clinical.recalls.demo import fill as fill_recalls
from clinical.threads.demo import fill as fill_threads
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="team")
fill_demo_clinic(clinic)
with tenant_scope(clinic, actor=Actor(label="Setting")):
    for name, role in (("robin", "reception"), ("kim", "clinician"), ("bo", "billing")):
        ensure_user(email=f"{{name}}@team.example", name=f"{{name.title()}} Team", role=role,
                    password="{PASSWORD}")
    for fill in (fill_threads, fill_recalls):
        fill(random.Random(1), timezone.now())
    Notice.objects.all().delete()
"""


@pytest.fixture(scope="module")
def setting(platform):
    made = platform.nexus("tenants", "create", "team", "--name", "Team Physio")
    assert made.returncode == 0, made.stderr
    made = platform.nexus("shell", "--no-imports", "-c", SETTING)
    assert made.returncode == 0, made.stderr


def test_a_message_rings_at_once_and_the_recalls_are_called(platform, setting, page, browser):
    robin, context = page, browser.new_context(locale="en-AU")
    kim = context.new_page()
    for one, name in ((robin, "robin"), (kim, "kim")):
        sign_in(one, platform.url("team", "/notices/"), f"{name}@team.example", secret="")
        expect(one.get_by_role("heading", name="Notifications", exact=True)).to_be_visible()
    robin.goto(platform.url("team", "/inbox/new/"))
    robin.get_by_label("Subject").fill("Splint for Monday")
    body = robin.get_by_role("textbox", name="Message")
    body.press_sequentially("Please look, @kim")
    robin.keyboard.press("Enter")
    expect(body).to_have_value("Please look, @Kim Team ")
    robin.get_by_label("This is something to do").check()
    robin.get_by_label("Who does it").select_option("Kim Team")
    robin.get_by_role("button", name="Send").click()
    expect(robin.get_by_role("heading", name="Splint for Monday")).to_be_visible()

    bell = kim.locator("[data-bell] > summary")
    expect(bell).to_have_accessible_name("Notifications, 1 unread", timeout=8000)
    bell.click()
    kim.get_by_role("link", name="Robin Team gave you a task: “Splint for Monday”").first.click()
    kim.get_by_role("textbox", name="Message").fill("Will do.")
    kim.keyboard.press("Control+Enter")
    expect(kim.get_by_text("Will do.")).to_be_visible()
    kim.get_by_role("button", name="Done").click()
    expect(kim.get_by_role("button", name="Reopen")).to_be_visible()
    expect(robin.locator("[data-bell] > summary")).to_have_accessible_name(
        "Notifications, 1 unread", timeout=8000
    )
    context.close()

    robin.goto(platform.url("team", "/inbox/"))
    expect(robin.locator(".th-subject").first).to_have_text("Splint for Monday (unread)")
    look(robin, "team-inbox")
    robin.goto(platform.url("team", "/recalls/"))
    robin.get_by_role("link", name="Log contact").first.click()
    look(robin, "team-recall")
    robin.get_by_label("Outcome").select_option("Message left")
    robin.get_by_role("button", name="Save and next").click()
    expect(robin.get_by_text("contacted.")).to_be_visible()
