"""Two people at one diary, and one of them without network: what others do shows at once, by itself."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.ui.axe import axe_violations

pytestmark = pytest.mark.e2e

PASSWORD = "plum harbour lantern 7"
PEOPLE = ("rosa", "remy")
SETTING = f"""
from datetime import timedelta
from zoneinfo import ZoneInfo
from django.utils import timezone
from accounts.services import ensure_user
from clinical.appointments.models import Appointment
from clinical.patients.models import Patient
from clinical.practice.models import AppointmentType, Practitioner
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="together")
with tenant_scope(clinic, actor=Actor(id="7", label="Setting")):
    for name in {PEOPLE!r}:
        ensure_user(email=f"{{name}}@together.example", name=name.title(), role="reception",
                    password="{PASSWORD}")
    cleo = Practitioner.objects.create(name="Cleo Together", discipline="Podiatry")
    kind = AppointmentType.objects.create(name="Review", colour="#2f855a", duration_minutes=30)
    ada = Patient.objects.create(given_names="Ada", family_name="Together")
    at = timezone.localtime(timezone.now(), ZoneInfo("Australia/Sydney")).replace(hour=9, minute=0)
    Appointment.objects.create(patient=ada, practitioner=cleo, appointment_type=kind,
        starts_at=at, ends_at=at + timedelta(minutes=30), notes="never on a device")
"""


GONE = "caches.keys().then((names) => !names.some((name) => name.startsWith('nexus-sheet-')))"
MAKE_OLD = """caches.keys().then(async (names) => {
  const cache = await caches.open(names.find((name) => name.startsWith("nexus-sheet-")));
  const headers = { "X-Nexus-Kept-At": String(Date.now() - 25 * 3600 * 1000) };
  await cache.put("/appointments/today/", new Response("Ada, long ago", { headers }));
})"""
SOMEBODY_ELSE = """navigator.serviceWorker.ready.then((registration) =>
  registration.active.postMessage({ what: "keep", owner: "f".repeat(32) }))"""


class Line:
    """The network between one browser and the platform, which can be cut."""

    def __init__(self, port: int) -> None:
        self.target = port
        self._open = True
        self._sockets: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                if not self._open:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self.target))
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while chunk := one.recv(65536):
                other.sendall(chunk)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self._open = False
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._sockets.clear()

    def mend(self) -> None:
        self._open = True

    def close(self) -> None:
        self.cut()
        self._server.close()


@pytest.fixture(scope="module")
def setting(platform):
    made = platform.nexus("tenants", "create", "together", "--name", "Together Physio")
    assert made.returncode == 0, made.stderr
    made = platform.nexus("shell", "--no-imports", "-c", SETTING)
    assert made.returncode == 0, made.stderr


@pytest.fixture
def line(platform):
    opened = Line(platform.port)
    yield opened
    opened.close()


def sign_in(page, name: str) -> None:
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill(f"{name}@together.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[data-event]").first.wait_for()


def kept(page) -> list[str]:
    """The names of what this browser keeps of anybody."""
    return [name for name in page.evaluate("caches.keys()") if name.startswith("nexus-sheet-")]


def test_two_people_see_each_others_bookings_at_once(platform, setting, browser):
    contexts = [browser.new_context(locale="en-AU") for _ in PEOPLE]
    pages = [context.new_page() for context in contexts]
    for page, name in zip(pages, PEOPLE, strict=True):
        page.add_init_script(
            "document.addEventListener('nexus:look', () => { window.looks = (window.looks || 0) + 1; });"
            "document.addEventListener('nexus:live', (e) => { window.isLive = e.detail.live; });"
        )
        page.goto(platform.url("together", "/appointments/diary/?view=day"))
        sign_in(page, name)
        page.wait_for_function("window.isLive === true")
        expect(page.locator("[data-live-mark]")).to_be_hidden()

    for number, (one, other) in enumerate((pages, reversed(pages))):
        words = f"Told {number}"
        looks = other.evaluate("window.looks")
        one.get_by_role("button", name="New appointment").click()
        drawer = one.locator("#diary-drawer")
        drawer.get_by_label("Time", exact=True).fill(f"1{number}:00")
        drawer.get_by_label("Notes").fill(words)
        drawer.get_by_role("button", name="Book").click()
        one.get_by_text("Booked.").first.wait_for()

        other.locator("[data-event]").filter(has_text=words).wait_for(timeout=2_000)
        assert other.evaluate("window.looks") == looks, "it was found by looking, not by hearing"
    for context in contexts:
        context.close()


def test_without_network_the_day_is_readable_marked_and_gone_after_signing_out(
    platform, setting, browser, line
):
    context = browser.new_context(locale="en-AU")
    page = context.new_page()
    here = f"http://together.localhost:{line.port}"
    page.goto(f"{here}/appointments/diary/?view=day")
    sign_in(page, "rosa")
    page.wait_for_function("caches.match('/appointments/today/').then(Boolean)")
    page.reload()  # from now on the worker stands behind the page
    page.locator("[data-event]").first.wait_for()

    line.cut()
    page.goto(f"{here}/appointments/diary/?view=day")
    page.get_by_text(re.compile(r"As of \d\d:\d\d, offline copy")).wait_for()
    assert page.get_by_role("row").filter(has_text="Ada Together").count() == 1
    assert "never on a device" not in page.content()
    assert axe_violations(page) == []
    page.goto(f"{here}/patients/")
    page.get_by_role("heading", name="No connection to Nexus").wait_for()
    assert "Ada" not in page.content()

    line.mend()
    page.get_by_role("link", name="The connection is back: go on").click()
    page.locator("[data-event]").first.wait_for()
    assert len(kept(page)) == 1
    page.evaluate(MAKE_OLD)
    line.cut()
    page.goto(f"{here}/appointments/diary/?view=day")
    page.get_by_role("heading", name="No connection to Nexus").wait_for()
    assert kept(page) == []

    line.mend()
    page.get_by_role("link", name="The connection is back: go on").click()
    page.wait_for_function("caches.match('/appointments/today/').then(Boolean)")
    page.evaluate(SOMEBODY_ELSE)
    page.wait_for_function(GONE)
    page.reload()
    page.wait_for_function("caches.match('/appointments/today/').then(Boolean)")
    page.locator("summary.nx-person").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    page.wait_for_function(GONE)

    line.cut()
    with suppress(Error):  # with no worker either, the browser's own page says that it is offline
        page.goto(f"{here}/appointments/today/")
    page.wait_for_load_state()
    assert page.get_by_text("Ada Together").count() == 0
    context.close()
