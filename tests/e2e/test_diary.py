"""Reception's morning in the diary: book by dragging, move, take it back, confirm, carry to another day."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e

PASSWORD = "plum harbour lantern 7"
DAY = "2027-03-09"
"""A Tuesday on which nothing else is booked."""
SETTING = f"""
from datetime import UTC, datetime, timedelta
from accounts.services import ensure_user
from clinical.appointments.models import Appointment
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope
with public_scope():
    alpha = Tenant.objects.get(subdomain="alpha")
with tenant_scope(alpha, actor=Actor(id="7", label="Setting")):
    ensure_user(email="rita@alpha.example", name="Rita Reception", role="reception",
                password="{PASSWORD}")
    place = Location.objects.create(name="Harbour")
    cleo = Practitioner.objects.create(name="Cleo Diary", discipline="Podiatry")
    dan = Practitioner.objects.create(name="Dan Diary", discipline="Physiotherapy")
    kind = AppointmentType.objects.create(name="Review", colour="#2f855a", duration_minutes=30)
    ada = Patient.objects.create(given_names="Ada", family_name="Diary", alerts="Allergic to latex")
    ben = Patient.objects.create(given_names="Ben", family_name="Diary")
    ContactPoint.objects.create(patient=ada, kind="mobile", value="0491 570 156", normalised="0491570156")
    nine = datetime(2027, 3, 8, 22, tzinfo=UTC)  # nine in Sydney
    for who, whom, hours in ((ada, cleo, 0), (ben, dan, 1)):
        Appointment.objects.create(patient=who, practitioner=whom, location=place,
            appointment_type=kind, starts_at=nine + timedelta(hours=hours),
            ends_at=nine + timedelta(hours=hours, minutes=30))
"""


@pytest.fixture(scope="module")
def setting(platform):
    made = platform.nexus("shell", "--no-imports", "-c", SETTING)
    assert made.returncode == 0, made.stderr


@pytest.fixture
def diary(platform, setting, page):
    page.goto(platform.url("alpha", f"/appointments/diary/?view=day&date={DAY}"))
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill("rita@alpha.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.goto(platform.url("alpha", f"/appointments/diary/?view=day&date={DAY}"))
    page.locator("[data-event]").first.wait_for()
    return page


def block(page, name: str):
    return page.locator("[data-event]").filter(has_text=name)


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 3, start[1] + 8, steps=3)
    page.mouse.move(*end, steps=12)
    page.mouse.up()


def middle(box, dy: float = 0):
    return box["x"] + box["width"] / 2, box["y"] + (dy or box["height"] / 2)


HOUR = 88
"""Pixels of an hour: four slots of 22."""


def test_reception_moves_a_visit_and_takes_it_back(diary):
    ada = block(diary, "Ada Diary")
    assert "9:00" in ada.inner_text()
    x, y = middle(ada.bounding_box())

    drag(diary, (x, y), (x, y + 2 * HOUR))
    diary.get_by_text(re.compile("Ada Diary moved to Tue 11:00")).wait_for()
    assert "11:00" in block(diary, "Ada Diary").inner_text()
    diary.reload()
    diary.locator("[data-event]").first.wait_for()
    assert "11:00" in block(diary, "Ada Diary").inner_text()

    x, y = middle(block(diary, "Ada Diary").bounding_box())
    drag(diary, (x, y), (x, y - 2 * HOUR))
    diary.get_by_text(re.compile("Ada Diary moved to Tue 9:00")).wait_for()
    diary.get_by_role("button", name="Undo").click()
    diary.get_by_text(re.compile("Ada Diary moved to Tue 11:00")).wait_for()
    diary.keyboard.press("Control+z")
    diary.get_by_text(re.compile("Ada Diary moved to Tue 9:00")).wait_for()


def test_a_taken_time_is_asked_about_and_put_back(diary):
    ada, ben = block(diary, "Ada Diary").bounding_box(), block(diary, "Ben Diary").bounding_box()

    drag(diary, middle(ada), middle(ben))
    diary.get_by_role("dialog").get_by_text("This time is taken").wait_for()
    assert "Ben Diary with Dan Diary" in diary.get_by_role("dialog").inner_text()
    diary.get_by_role("button", name="Put it back").click()

    assert "9:00" in block(diary, "Ada Diary").inner_text()


def test_the_drawer_shows_the_alert_and_takes_the_steps(diary):
    block(diary, "Ben Diary").click()
    drawer = diary.locator("#diary-drawer")
    drawer.get_by_role("button", name="Confirm").click()
    drawer.get_by_text("Confirmed").wait_for()
    diary.keyboard.press("Escape")

    block(diary, "Ada Diary").click()
    drawer.get_by_text("Allergic to latex").wait_for()
    assert drawer.get_by_role("link", name="0491 570 156").get_attribute("href") == "tel:0491570156"


def test_a_span_dragged_open_books_a_visit(diary):
    ben = block(diary, "Ben Diary").bounding_box()
    x = middle(ben)[0]
    top = ben["y"] + 3 * HOUR

    drag(diary, (x, top + 2), (x, top + 60))
    drawer = diary.locator("#diary-drawer")
    drawer.get_by_role("searchbox").fill("Ada")
    drawer.locator("[data-choose]").first.click()
    assert (
        drawer.get_by_label("Clinician").evaluate("e => e.selectedOptions[0].text") == "Dan Diary"
    )
    drawer.get_by_role("button", name="Book").click()
    diary.get_by_text("Booked.").first.wait_for()

    block(diary, "Ada Diary").nth(1).wait_for()


def test_a_parked_visit_is_placed_on_another_day(diary):
    block(diary, "Ben Diary").click()
    diary.get_by_role("button", name="Park to move").click()
    diary.get_by_role("button", name="On", exact=True).click()
    diary.get_by_text("Wednesday").wait_for()
    expect(diary.locator("[data-event]")).to_have_count(0)
    column = diary.locator(".ec-body .ec-col, .ec-day").last.bounding_box()
    diary.mouse.click(column["x"] + column["width"] / 2, column["y"] + 2 * HOUR + 6)

    diary.get_by_text(re.compile("Ben Diary moved to Wed")).wait_for()
    assert block(diary, "Ben Diary").count() == 1
    diary.get_by_role("button", name="Undo").click()
    expect(diary.locator("[data-event]")).to_have_count(0)


def test_a_series_is_booked_and_moved_from_the_second_on(diary):
    diary.get_by_role("button", name="New appointment").click()
    drawer = diary.locator("#diary-drawer")
    drawer.get_by_label("Time", exact=True).fill("16:00")
    drawer.get_by_label("Repeat").select_option(label="Every week")
    drawer.get_by_label("Visits in all").fill("3")
    drawer.get_by_label("Notes").fill("Balance group")
    drawer.get_by_role("button", name="Book").click()
    block(diary, "Balance group").wait_for()

    for _ in range(7):
        diary.keyboard.press("ArrowRight")
    diary.get_by_text("Tuesday 16 March 2027").wait_for()
    group = block(diary, "Balance group")
    group.wait_for()
    group.scroll_into_view_if_needed()
    x, y = middle(group.bounding_box())
    drag(diary, (x, y), (x, y - HOUR))
    diary.get_by_role("button", name="This and the later ones").click()
    diary.get_by_text(re.compile("Balance group moved to Tue 3:00")).wait_for()
    diary.goto(diary.url.replace("2027-03-16", "2027-03-23"))
    assert "3:00" in block(diary, "Balance group").inner_text()
    diary.goto(diary.url.replace("2027-03-23", DAY))
    assert "4:00" in block(diary, "Balance group").inner_text()


def test_week_and_month_show_the_same_visits(diary):
    for view in ("Week", "Month"):
        diary.get_by_role("button", name=view, exact=True).click()
        block(diary, "Ada Diary").first.wait_for()


def test_what_others_book_appears_by_itself(platform, diary):
    made = platform.nexus(
        "shell", "--no-imports", "-c", SETTING.split("    place =", maxsplit=1)[0]
        + """
    from datetime import UTC, datetime, timedelta
    cleo = Practitioner.objects.get(name="Cleo Diary")
    Appointment.objects.create(notes="Staff meeting", practitioner=cleo,
        starts_at=datetime(2027, 3, 9, 3, tzinfo=UTC), ends_at=datetime(2027, 3, 9, 4, tzinfo=UTC))
""",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr

    block(diary, "Staff meeting").wait_for(timeout=5_000)


def test_names_can_be_hidden_and_a_phone_gets_the_list(platform, diary):
    diary.get_by_text("Hide names").click()
    expect(diary.locator("#diary").get_by_text("Ada Diary")).to_have_count(0)

    diary.set_viewport_size({"width": 390, "height": 844})
    diary.goto(platform.url("alpha", f"/appointments/diary/?date={DAY}"))
    diary.wait_for_url(re.compile(r"/appointments/\?date="))
    assert diary.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keys_take_a_step_and_back_and_the_tabs_choose_the_place(diary):
    status = diary.locator("#diary .di-confirmed, #diary .di-booked").first
    status.focus()
    chosen = status.get_attribute("data-event")
    diary.keyboard.press("a")
    diary.locator(f'[data-event="{chosen}"].di-arrived').wait_for()
    diary.keyboard.press("Control+z")
    expect(diary.locator(f'[data-event="{chosen}"].di-arrived')).to_have_count(0)

    diary.keyboard.press("]")
    expect(diary.get_by_role("tab", name="Harbour")).to_have_attribute("aria-selected", "true")
    diary.keyboard.press("Shift+W")
    drawer = diary.locator("#diary-drawer")
    expect(drawer.get_by_label("Is here already: arrived")).to_be_checked()
    assert drawer.get_by_label("Location").evaluate("e => e.selectedOptions[0].text") == "Harbour"

    # A cursor over the times: arrows carry it, Enter books where it stands.
    diary.keyboard.press("Escape")
    diary.keyboard.press("g")
    cursor = diary.locator(".di-cursor")
    for key in ("Home", "ArrowDown", "Shift+ArrowDown"):
        cursor.press(key)
    wanted = cursor.get_attribute("data-time")
    expect(diary.locator("[data-diary-said]")).to_contain_text(f"{wanted}, ")
    cursor.press("Enter")
    expect(cursor).to_have_count(0)
    time = drawer.locator("[name=time]").input_value()
    hour, minute = (int(part) for part in time.split(":"))
    assert f"{hour % 12 or 12}:{minute:02} {'am' if hour < 12 else 'pm'}" == wanted
