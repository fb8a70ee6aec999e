"""A clinic connects its Xero, its Gmail and its Twilio, is paid and answered; its neighbour has its own.

The vendors are servers that others wrote, on the loopback (`tests/peers`).
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
import urllib.request
from html import escape

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import GOOGLE_CLIENT, XERO_WEBHOOK_KEY
from tests.e2e.walk import look, make_clinic, sign_in
from tests.peers.emulate import emulate
from tests.peers.proxy import Answered
from tests.peers.xero import complete, signed, xero_local

pytestmark = pytest.mark.e2e

ACCOUNT, TOKEN, NUMBER = "AC" + "1" * 32, "token-of-harbour", "+61480000001"
MOBILE = "+61412345678"
SETTING = """
from datetime import timedelta
from django.utils import timezone
from billing_integrations.invoices.models import BillingDetails, ItemForType, Price, PriceItem
from clinical.appointments.models import Appointment
from clinical.messages.texting_models import MessageTemplate, ReminderRule
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.models import Tenant
from tenants.scope import Actor, public_scope, tenant_scope
with public_scope():
    clinic = Tenant.objects.get(subdomain="harbour")
now = timezone.now()
with tenant_scope(clinic, actor=Actor(label="Setting")):
    place = Location.objects.create(name="Harbour Rooms", phone="02 5550 0100")
    dana = Practitioner.objects.create(name="Dana Vale")
    kind = AppointmentType.objects.create(name="Standard consultation", duration_minutes=30)
    item = PriceItem.objects.create(code="STD", name="Consultation")
    Price.objects.create(item=item, cents=12000, valid_from=now.date() - timedelta(days=400))
    ItemForType.objects.create(appointment_type=kind, item=item)
    BillingDetails.objects.create(legal_name="Harbour Pty Ltd", abn="51824753556", due_days=14)
    ada = Patient.objects.create(given_names="Ada", family_name="North", location=place)
    ContactPoint.objects.create(patient=ada, kind="mobile", value="0412 345 678",
                                normalised="0412345678")
    ContactPoint.objects.create(patient=ada, kind="email", value="ada@patients.example")
    for at, status in ((now - timedelta(days=1), "completed"), (now + timedelta(days=3), "booked")):
        visit = Appointment.objects.create(
            patient=ada, practitioner=dana, location=place, appointment_type=kind, starts_at=at,
            ends_at=at + timedelta(minutes=30), status=status)
    Appointment.objects.filter(pk=visit.pk).update(created_at=now - timedelta(days=20))
    words = MessageTemplate.objects.create(
        name="Two days before", body="Hi {{first_name}}, we expect you {{day}}. Reply Y or N.")
    ReminderRule.objects.create(
        template=words, amount=2, is_on=True, on_since=now - timedelta(days=9))
"""


@pytest.fixture(scope="module")
def xero(platform):
    """xero-local behind what it lacks: a page to consent on, and two organisations."""
    with xero_local() as url, complete(url, port=platform.vendors["xero"]) as running:
        running.harbour = running.add_organisation("Harbour Physio Books")
        running.ridge = running.add_organisation("Ridge Podiatry Books")
        answer = running.proxy.before

        def with_consent(asked):
            if not asked.path.endswith("/authorize"):
                return answer(asked)
            back = asked.query["redirect_uri"][0]
            words = urllib.parse.urlencode({"code": "throw-away", "state": asked.query["state"][0]})
            page = f'<a href="{escape(back)}?{escape(words)}">Allow access</a>'
            return Answered(200, {"content-type": "text/html"}, page.encode())

        running.proxy.before = with_consent
        yield running


@pytest.fixture(scope="module")
def vendors(platform, xero):
    client, secret = GOOGLE_CLIENT.split(":")
    seed = {
        "google": {
            "users": [
                {"email": f"desk@{name}.example", "name": f"{name} desk"}
                for name in ("harbour", "ridge")
            ],
            "oauth_clients": [
                {
                    "client_id": client,
                    "client_secret": secret,
                    "name": "Nexus",
                    "redirect_uris": [platform.url(path="/oauth/gmail/callback/")],
                }
            ],
        },
        "twilio": {
            "account": {"sid": ACCOUNT, "auth_token": TOKEN, "friendly_name": "Harbour texts"},
            "phone_numbers": [{"phone_number": NUMBER}],
        },
    }
    ports = {name: platform.vendors[name] for name in seed}
    with emulate("google", "twilio", seed=seed, ports=ports) as running:
        yield running


@pytest.fixture(scope="module")
def clinics(platform, vendors):
    owners = {
        name: make_clinic(platform, name, owner=f"{owner} {name.title()}")
        for name, owner in (("harbour", "Olive"), ("ridge", "Rex"))
    }
    made = platform.nexus("shell", "--no-imports", "-c", SETTING)
    assert made.returncode == 0, made.stderr[-2000:]
    return owners


def _card(page, name):
    return page.get_by_role("article", name=name, exact=True)


def _connect_xero(page, organisation):
    _card(page, "Xero").get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("link", name="Allow access").click()
    choice = _card(page, "Xero").get_by_label(organisation)
    choice.check(timeout=15000)
    _card(page, "Xero").get_by_role("button", name="Use this one").click()
    expect(_card(page, "Xero").get_by_text("Connected", exact=True).first).to_be_visible(
        timeout=15000
    )


def _connect_gmail(page, email):
    _card(page, "Gmail").get_by_role("button", name="Connect", exact=True).click()
    page.get_by_text(email).first.click()
    expect(_card(page, "Gmail").get_by_text(email, exact=True)).to_be_visible(timeout=15000)


def _connect_twilio(page):
    _card(page, "Twilio").get_by_role("link", name="Connect", exact=True).click()
    page.get_by_label("Account SID").fill(ACCOUNT)
    page.get_by_label("Auth token").fill(TOKEN)
    page.get_by_label("Texts come from").fill(NUMBER)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(_card(page, "Twilio").get_by_text("Connected", exact=True).first).to_be_visible(
        timeout=15000
    )
    _card(page, "Twilio").get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Receive replies here").click()
    page.goto(page.url.partition("/settings/")[0] + "/settings/integrations/")


def _twilio(vendors, path, **fields):
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{vendors.url('twilio')}/{path}",
        data=urllib.parse.urlencode(fields).encode() if fields else None,
        headers={
            "Authorization": "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        },
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def _mails(vendors):
    """Answer the headers of what was sent from Harbour's mailbox."""

    def read(path):
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{vendors.url('google')}/gmail/v1/users/me/{path}",
            headers={"Authorization": "Bearer of-the-first-user"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    found = [read(f"messages/{one['id']}") for one in read("messages").get("messages", [])]
    return [{one["name"]: one["value"] for one in mail["payload"]["headers"]} for mail in found]


def _until(page, found):
    """Ask until there is something, or half a minute has passed; answers what was found last."""
    for _ in range(60):
        if answer := found():
            return answer
        page.wait_for_timeout(500)
    return found()


def _tell_of_invoice(platform, xero, invoice_id):
    """Send the webhook that Xero sends when an invoice of its changes."""
    body = json.dumps(
        {
            "events": [
                {
                    "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{invoice_id}",
                    "resourceId": invoice_id,
                    "eventDateUtc": "2026-11-21T01:02:03.456",
                    "eventType": "UPDATE",
                    "eventCategory": "INVOICE",
                    "tenantId": xero.harbour,
                    "tenantType": "ORGANISATION",
                }
            ],
            "firstEventSequence": 1,
            "lastEventSequence": 1,
            "entropy": "S0m3r4nd0mt3xt",
        }
    ).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        platform.url(path="/hooks/xero/"),
        data=body,
        headers={"Content-Type": "application/json", **signed(body, XERO_WEBHOOK_KEY)},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


def test_a_clinic_is_paid_and_answered_through_its_own_vendors(  # noqa: PLR0917 - fixtures
    platform, xero, vendors, clinics, page, browser
):
    sign_in(page, platform.url("harbour", "/settings/integrations/"), clinics["harbour"])
    page.get_by_role("heading", name="Integrations").wait_for()
    look(page, "integrations-empty")
    _connect_xero(page, "Harbour Physio Books")
    _connect_gmail(page, "desk@harbour.example")
    _connect_twilio(page)
    look(page, "integrations")

    # How the business is booked; from then on invoices go out.
    _card(page, "Xero").get_by_role("link", name="Settings").click()
    page.get_by_label("Send invoices issued from").fill("2026-01-01")
    page.get_by_label("Income goes to").select_option("200")
    page.get_by_label("Payments go to").select_option("090")
    look(page, "xero-settings")
    page.get_by_role("button", name="Save", exact=True).click()

    # Yesterday's visit becomes an invoice here and in Xero.
    page.goto(platform.url("harbour", "/invoices/to-charge/"))
    page.get_by_label("Choose the visit of Ada North").check()
    look(page, "to-charge")
    page.get_by_role("button", name="Look at the invoices").click()
    page.get_by_label("Issue them").check()
    page.get_by_label("and send them by e-mail").check()
    page.get_by_role("button", name="Make 1 invoice").click()
    page.get_by_role("link", name="INV-000001").click()
    rows = _until(page, lambda: xero.everything(xero.harbour, "Invoices"))
    [booked] = rows
    assert (booked["Status"], booked["Total"]) == ("AUTHORISED", 120.0)
    assert xero.everything(xero.ridge, "Invoices") == []
    assert "North" in json.dumps(booked["Contact"])
    look(page, "invoice-in-xero")

    # Paid there, and shown as paid here.
    xero.pay(xero.harbour, booked["InvoiceID"], 120.0, "2026-11-21")
    _tell_of_invoice(platform, xero, booked["InvoiceID"])
    _until(page, lambda: page.reload() and page.get_by_text("Paid", exact=True).count())
    look(page, "invoice-paid")

    # The patient has it from the clinic's own mailbox.
    [mail] = _until(page, lambda: _mails(vendors))
    assert "INV-000001" in mail["Subject"]
    assert (mail["From"].count("desk@harbour.example"), mail["To"]) == (1, "ada@patients.example")

    # A reminder goes out, and "Y" confirms the visit in the diary.
    page.goto(platform.url("harbour", "/reminders/"))
    look(page, "reminders")
    page.get_by_role("button", name="Send now").click()
    path = f"2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    sent = _until(page, lambda: _twilio(vendors, path)["messages"])
    assert sent[0]["to"] == MOBILE
    assert "Hi Ada" in sent[0]["body"]
    _twilio(vendors, "_twilio/simulate/inbound-message", To=NUMBER, From=MOBILE, Body="Y")
    page.goto(platform.url("harbour", "/reminders/?show=sent"))
    _until(page, lambda: page.reload() and page.get_by_text("Confirmed").count())
    look(page, "reminder-confirmed")
    page.get_by_role("row", name=re.compile("Ada North")).get_by_role("link").last.click()
    expect(page.get_by_text("Confirmed", exact=True).first).to_be_visible()

    _the_neighbour_meets_none_of_it(platform, xero, clinics, browser)


def _the_neighbour_meets_none_of_it(platform, xero, clinics, browser):
    context = browser.new_context(locale="en-AU")
    page = context.new_page()
    sign_in(page, platform.url("ridge", "/settings/integrations/"), clinics["ridge"])
    page.get_by_role("heading", name="Integrations").wait_for()
    _card(page, "Xero").get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("link", name="Allow access").click()
    _card(page, "Xero").get_by_label("Harbour Physio Books").check(timeout=15000)
    _card(page, "Xero").get_by_role("button", name="Use this one").click()
    expect(page.get_by_text(re.compile("another clinic")).first).to_be_visible(timeout=15000)
    look(page, "integrations-refused")
    context.close()
    assert xero.everything(xero.ridge, "Invoices") == []
