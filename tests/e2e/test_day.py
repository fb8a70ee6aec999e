"""A day of a clinic, lived by those who work in it: reception, clinician, owner, and a neighbour."""

from __future__ import annotations

import re

import pytest

from tests.e2e.walk import PASSWORD, look, make_clinic, sign_in

pytestmark = pytest.mark.e2e

DAY = "2027-03-09"
"""A Tuesday on which nothing else is booked."""
HOUR = 88
"""Pixels of an hour in the diary: four slots of 22."""
STAFF = f"""
from accounts.models import User
from accounts.services import ensure_user
from clinical.contacts.models import Contact, PatientContact
from clinical.letters.services import add_standard_templates
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="quandong")
with tenant_scope(clinic, actor=Actor(id="7", label="Setting")):
    for role, name in (("reception", "Remy Front"), ("clinician", "Cleo Day"), ("billing", "Bill Day")):
        ensure_user(email=f"{{role}}@quandong.example", name=name, role=role, password="{PASSWORD}")
    cleo = User.objects.get(email="clinician@quandong.example")
    Location.objects.create(name="Harbour", address="4 Harbour Street", phone="(02) 5550 0110")
    Practitioner.objects.create(name="Cleo Day", discipline="Physiotherapy", user=cleo)
    AppointmentType.objects.create(name="Review", colour="#2f855a", duration_minutes=30)
    ada = Patient.objects.create(given_names="Ada", family_name="Daylight",
                                 date_of_birth="1961-05-04", alerts="Allergic to latex")
    ContactPoint.objects.create(patient=ada, kind="mobile", value="0491 570 156",
                                normalised="0491570156")
    gp = Contact.objects.create(title="Dr", given_names="Zoë", family_name="Okafor", kind="gp",
                                organisation="Seaside Medical Centre")
    PatientContact.objects.create(patient=ada, contact=gp, kind="gp")
    add_standard_templates(actor=cleo)
    print("PATIENT", ada.pk)
"""


@pytest.fixture(scope="module")
def clinic(platform):
    """Answer the owner's mail and the patient's id."""
    owner = make_clinic(platform, "quandong", owner="Olga Owner")
    made = platform.nexus("shell", "--no-imports", "-c", STAFF)
    assert made.returncode == 0, made.stderr[-2000:]
    return owner, re.search(r"PATIENT (\S+)", made.stdout)[1]


@pytest.fixture
def someone(platform, browser):
    """Opens a browser of its own for each who works that day."""
    contexts = []

    def come_in(role, path, *, clinic="quandong", email="", secret=""):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-AU")
        contexts.append(context)
        page = context.new_page()
        who = email or f"{role}@{clinic}.example"
        sign_in(page, platform.url(clinic, path), who, **({} if email else {"secret": secret}))
        page.get_by_role("navigation").first.wait_for()
        page.goto(platform.url(clinic, path))
        return page

    yield come_in
    for context in contexts:
        context.close()


def test_a_day_is_lived(platform, clinic, someone):
    owner, patient = clinic
    diary = f"/appointments/diary/?view=day&date={DAY}"
    record = f"/patients/{patient}/"

    front = someone("reception", diary)
    _reception_books_moves_and_confirms(front)
    room = someone("clinician", diary)
    _reception_lets_her_in(front)
    room.locator("[data-event]").filter(has_text="Ada Daylight").wait_for()
    _clinician_writes(room, platform, record)
    _clinician_measures(room, platform, record)
    _clinician_prints_a_letter(room, platform, record)
    room.goto(platform.url("quandong", diary))
    _visit(room).click()
    room.locator("#diary-drawer").get_by_role("button", name="Complete", exact=True).click()
    room.locator("#diary-drawer .nx-pill", has_text="Completed").wait_for()

    boss = someone("owner", "/reports/", email=owner)
    boss.goto(platform.url("quandong", f"/reports/?since={DAY}&until={DAY}"))
    attended = boss.get_by_role("row").filter(has_text="Cleo Day").first
    assert "1" in attended.inner_text()
    look(boss, "day-report")

    _others_see_nothing(platform, someone, front, record)


def _visit(page):
    return page.locator("[data-event]").filter(has_text="Ada Daylight").first


def _reception_books_moves_and_confirms(page):
    page.get_by_role("button", name="New appointment").click()
    drawer = page.locator("#diary-drawer")
    drawer.get_by_role("searchbox").fill("dayl ada")
    drawer.locator("[data-choose]").first.click()
    drawer.get_by_label("Time", exact=True).fill("09:00")
    drawer.get_by_label("Type").select_option(label="Review")
    drawer.get_by_label("Clinician").select_option(label="Cleo Day")
    drawer.get_by_role("button", name="Book", exact=True).click()
    visit = _visit(page)
    visit.wait_for()
    page.keyboard.press("Escape")

    box = visit.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 3, y + 8, steps=3)
    page.mouse.move(x, y + HOUR, steps=12)
    page.mouse.up()
    page.get_by_text(re.compile("Ada Daylight moved to Tue 10:00")).wait_for()

    _visit(page).click()
    drawer.get_by_text("Allergic to latex").wait_for()
    drawer.get_by_role("button", name="Confirm", exact=True).click()
    drawer.locator(".nx-pill", has_text="Confirmed").wait_for()


def _reception_lets_her_in(page):
    drawer = page.locator("#diary-drawer")
    drawer.get_by_role("button", name="Arrive", exact=True).click()
    drawer.locator(".nx-pill", has_text="Arrived").wait_for()


def _clinician_writes(page, platform, record):
    page.goto(platform.url("quandong", f"{record}notes/"))
    page.get_by_text("New note").first.click()
    page.get_by_role("button", name=re.compile("^SOAP")).first.click()
    page.get_by_label("Subjective").fill("Knee hurts on stairs")
    page.locator("[data-note-state]").get_by_text(re.compile(r"Saved \d\d:\d\d")).wait_for()
    page.get_by_role("button", name="Sign").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Sign").click()
    page.get_by_text("The note is signed.").first.wait_for()


def _clinician_measures(page, platform, record):
    page.goto(platform.url("quandong", f"{record}measures/new/"))
    page.get_by_role("button", name=re.compile("NPRS")).click()
    page.locator(".ms-step").nth(4).click()
    page.get_by_role("button", name="Complete").click()
    page.get_by_role("dialog").get_by_role("button", name="Complete").click()
    page.locator("article .ms-figure").wait_for()
    assert "4" in page.locator("article .ms-figure").inner_text()
    look(page, "day-measure")


def _clinician_prints_a_letter(page, platform, record):
    page.goto(platform.url("quandong", f"{record}letters/"))
    page.get_by_role("link", name="New letter").click()
    page.get_by_label("Zoë Okafor").first.check()
    page.get_by_label("Report to the referrer").check()
    page.get_by_role("button", name="Write").click()
    text = page.get_by_label("Text")
    assert "Dear Dr Okafor" in text.input_value()
    text.fill("Dear Dr Okafor,\n\nShe climbs the stairs again.")
    page.get_by_role("button", name="Make final").click()
    page.get_by_role("dialog").get_by_role("button", name="Make final").click()
    page.get_by_text("The letter is final.").first.wait_for()
    kind, beginning = page.evaluate(
        "fetch('pdf/').then(async (answer) =>"
        " [answer.headers.get('content-type'), (await answer.text()).slice(0, 5)])"
    )
    assert (kind, beginning) == ("application/pdf", "%PDF-")


def _others_see_nothing(platform, someone, front, record):
    for path in (f"{record}notes/", "/reports/"):
        assert front.goto(platform.url("quandong", path)).status == 403, path
    assert "Knee hurts" not in front.content()
    front.goto(platform.url("quandong", f"{record}timeline/"))
    assert "Knee hurts" not in front.content()
    money = someone("billing", "/")
    for path in (f"{record}notes/", f"{record}measures/", f"{record}letters/"):
        assert money.goto(platform.url("quandong", path)).status in {403, 404}, path

    next_door = make_clinic(platform, "wandoo", owner="Nora Nextdoor")
    neighbour = someone("owner", "/patients/", clinic="wandoo", email=next_door)
    assert "Daylight" not in neighbour.content()
    for path in (record, f"{record}notes/", f"{record}measures/"):
        assert neighbour.goto(platform.url("wandoo", path)).status == 404, path
