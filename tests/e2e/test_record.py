"""A patient's record as it is lived: a clinician writes, signs, amends and prints; reception books."""

from __future__ import annotations

import os
import re

import pytest

from tests.ui.axe import axe_violations

pytestmark = pytest.mark.e2e

PASSWORD = "plum harbour lantern 7"
SEED = f"""
from datetime import date, timedelta
from django.utils import timezone
from accounts.models import User
from accounts.services import ensure_user
from billing_integrations.invoices.models import PastInvoice
from clinical.appointments.models import Appointment
from clinical.contacts.models import Contact, PatientContact
from clinical.letters.models import Letter
from clinical.letters.services import add_standard_templates
from clinical.messages.models import Message, Reminder
from clinical.notes.models import Note
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.models import AppointmentType, Location, Practitioner
from tenants.models import Tenant
from tenants.scope import public_scope, tenant_scope
with public_scope():
    alpha = Tenant.objects.get(subdomain="alpha")
now = timezone.now()
with tenant_scope(alpha):
    for role, name in (("clinician", "Cleo Vale"), ("reception", "Remy Hart")):
        ensure_user(email=f"{{role}}@record.example", name=name, role=role, password="{PASSWORD}")
    cleo = User.objects.get(email="clinician@record.example")
    place = Location.objects.create(
        name="Harbour Street Clinic", phone="(02) 5550 0110",
        address="4 Harbour Street\\nSydney NSW 2000")
    clinician = Practitioner.objects.create(name="Cleo Vale", discipline="Physiotherapy", user=cleo)
    kind = AppointmentType.objects.create(name="Standard consultation", duration_minutes=30)
    ada = Patient.objects.create(given_names="Ada", family_name="Northwind",
        date_of_birth=date(1961, 5, 4), location=place, extra={{"Old code": "A-17"}})
    ContactPoint.objects.create(patient=ada, kind="mobile", value="0491 570 156", normalised="+61491570156")
    for days, status in ((-400, "completed"), (-21, "completed"), (-7, "booked"), (5, "confirmed")):
        at = now + timedelta(days=days)
        visit = Appointment.objects.create(patient=ada, practitioner=clinician, location=place,
            appointment_type=kind, starts_at=at, ends_at=at + timedelta(minutes=30), status=status)
        sent = at - timedelta(days=1)
        Reminder.objects.create(patient=ada, appointment=visit, channel="sms", due_at=sent,
            sent_at=sent if days < 0 else None, state="sent" if days < 0 else "planned",
            body="Hi Ada, see you tomorrow at Harbour Street. Reply Y to confirm.")
        if days == -21:
            Message.objects.create(patient=ada, appointment=visit, direction="in", state="received",
                address="0491 570 156", sent_at=at - timedelta(hours=20), body="Y")
            Message.objects.create(patient=ada, state="failed", address="0491 570 156",
                sent_at=at + timedelta(days=1), body="Here is the link to your home exercises.")
    Note.objects.create(patient=ada, kind="Progress note", title="Knee, third visit",
        author_name="Dr Old", noted_at=now - timedelta(days=700), state="signed", extra={{"Room": "2"}},
        body="Walks to the shops again.\\n\\nPlan: keep going. " + "More of the same. " * 20)
    gp = Contact.objects.create(title="Dr", given_names="Zoë", family_name="Okafor", kind="gp",
        organisation="Seaside Medical Centre", phone="(02) 5550 0199", email="zoe@seaside.example",
        address="12 Esplanade\\nSeaside NSW 2999", provider_number="1234567A")
    for name, role in (("Bright Plan Partners", "plan_manager"), ("Corner Pharmacy", "other"),
                       ("Dune Orthopaedics", "specialist"), ("Elm Insurance", "insurer")):
        Contact.objects.create(name=name, kind=role, phone="(02) 5550 0100")
    PatientContact.objects.create(patient=ada, contact=gp, kind="gp")
    PatientContact.objects.create(patient=ada, kind="emergency", name="Sam Northwind",
        relationship="Daughter", phone="0491 570 157")
    Letter.objects.create(patient=ada, subject="Report after six visits", letter_date=date(2024, 3, 1),
        recipient="Dr Zoë Okafor\\nSeaside Medical Centre", state="sent",
        body="Dear Dr Okafor,\\n\\nAda is well.")
    for number, (total, paid, status) in enumerate(((15990, 15990, "Paid"), (123450, 0, "Due"))):
        PastInvoice.objects.create(patient=ada, number=f"INV-{{number + 100}}", payer="Bright Plan Partners",
            issued_on=date(2024, 3, 1 + number), total_cents=total, paid_cents=paid, status=status,
            lines=[{{"description": "Standard consultation", "quantity": "1", "amount_cents": total}}])
    add_standard_templates(actor=cleo)
    print(ada.pk, gp.pk)
"""


@pytest.fixture(scope="module")
def record(platform):
    """Answer the ids of the patient and of her doctor."""
    made = platform.nexus("shell", "--no-imports", "-c", SEED)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[-2:]


def _sign_in(page, platform, role: str) -> None:
    page.goto(platform.url("alpha", "/"))
    page.get_by_label(re.compile("E-mail", re.IGNORECASE)).fill(f"{role}@record.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Patients", exact=True).wait_for()


def _look(page, name: str) -> None:
    """Axe finds nothing grave, and nothing stands out of a phone's screen.

    NEXUS_E2E_KEEP names a folder for pictures.
    """
    folder = os.environ.get("NEXUS_E2E_KEEP")
    for width, height in ((390, 844), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        if folder:
            page.wait_for_timeout(400)  # the side bar slides
            page.screenshot(path=f"{folder}/record-{name}-{width}.png", full_page=True)
    assert axe_violations(page) == [], name


def test_a_clinician_writes_signs_and_amends_a_note(platform, record, page):
    _sign_in(page, platform, "clinician")
    page.goto(platform.url("alpha", f"/patients/{record[0]}/"))
    _look(page, "overview")
    page.get_by_role("link", name="Notes", exact=True).click()
    page.get_by_text("Knee, third visit").wait_for()
    _look(page, "notes")

    page.get_by_text("New note").click()
    page.get_by_role("button", name="SOAP note").click()
    page.get_by_label("Subjective").fill("Knee hurts on stairs")
    state = page.locator("[data-note-state]")
    state.get_by_text(re.compile(r"Saved \d\d:\d\d")).wait_for()

    page.context.set_offline(True)
    page.get_by_label("Plan").fill("Strength twice a week")
    state.get_by_text("Not saved").wait_for()
    _look(page, "editor-offline")
    page.context.set_offline(False)
    state.get_by_text(re.compile(r"Saved \d\d:\d\d")).wait_for(timeout=15_000)
    _look(page, "editor")

    page.get_by_role("button", name="Sign").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign").click()
    page.get_by_text("The note is signed.").first.wait_for()
    assert "Strength twice a week" in page.locator("article").inner_text()

    page.get_by_role("link", name="Amend").click()
    page.get_by_label("Plan").fill("Strength three times a week")
    page.get_by_label(re.compile("Why is it amended")).fill("Wrong dose")
    page.get_by_role("button", name="Save the amendment").click()
    page.get_by_text("The note is amended").first.wait_for()
    assert page.locator(".rc-diff ins").first.inner_text() == "three times"
    _look(page, "note-amended")


def test_what_was_typed_survives_a_closed_window_and_another_one(platform, record, page):
    _sign_in(page, platform, "clinician")
    page.goto(platform.url("alpha", f"/patients/{record[0]}/notes/"))
    page.get_by_text("New note").click()
    page.get_by_role("button", name="Note One empty page").click()
    editor, state = page.get_by_label("Text"), page.locator("[data-note-state]")
    editor.fill("Saved first")
    state.get_by_text(re.compile(r"Saved \d\d:\d\d")).wait_for()

    page.context.set_offline(True)
    editor.fill("Typed without a network")
    state.get_by_text("Not saved").wait_for()
    url = page.url
    page.on("dialog", lambda dialog: dialog.accept())
    page.context.set_offline(False)
    page.goto("about:blank")
    page.goto(url)
    assert page.get_by_label("Text").input_value() == "Typed without a network"
    page.locator("[data-note-state][data-state=saved]").wait_for()

    other = page.context.new_page()
    other.goto(url)
    other.get_by_label("Text").fill("Typed in the other window")
    other.locator("[data-note-state]").get_by_text(re.compile(r"Saved \d\d:\d\d")).wait_for()
    page.get_by_label("Text").fill("Typed in this window")
    page.locator("[data-note-conflict]").wait_for()
    assert "Typed in the other window" in page.locator("[data-note-other]").inner_text()
    _look(page, "editor-conflict")
    page.get_by_role("button", name="Save mine instead").click()
    page.locator("[data-note-state]").get_by_text(re.compile(r"Saved \d\d:\d\d")).wait_for()
    other.on("dialog", lambda dialog: dialog.accept())
    other.goto(url)
    assert other.get_by_label("Text").input_value() == "Typed in this window"

    other.get_by_role("button", name="Discard").click()
    other.get_by_role("dialog").get_by_role("button", name="Discard").click()
    other.get_by_text("The draft is discarded.").first.wait_for()


def test_a_clinician_writes_and_prints_a_letter(platform, record, page):
    _sign_in(page, platform, "clinician")
    page.goto(platform.url("alpha", f"/patients/{record[0]}/letters/"))
    _look(page, "letters")
    page.get_by_role("link", name="New letter").click()
    page.get_by_label("Zoë Okafor").check()
    page.get_by_label("Find in the address book").fill("bright")
    page.get_by_label("Bright Plan Partners").wait_for()
    page.get_by_label("Corner Pharmacy").wait_for(state="detached")
    assert page.get_by_label("Zoë Okafor").is_checked(), "what is chosen stays"
    page.get_by_label("Report to the referrer").check()
    _look(page, "letter-new")
    page.get_by_role("button", name="Write").click()
    text = page.get_by_label("Text")
    assert "Dear Dr Okafor" in text.input_value()
    text.fill(text.input_value() + "\n\nWalking again: 6 minutes. {{patient.wish}}")
    page.get_by_role("button", name="Save draft").click()
    page.get_by_text("is not known here").wait_for()
    _look(page, "letter-editor")
    text.fill(text.input_value().replace("{{patient.wish}}", ""))
    page.get_by_role("button", name="Make final").click()
    page.get_by_role("dialog").get_by_role("button", name="Make final").click()
    page.get_by_text("The letter is final.").first.wait_for()
    _look(page, "letter")

    kind, beginning = page.evaluate(
        "fetch('pdf/').then(async (answer) =>"
        " [answer.headers.get('content-type'), (await answer.text()).slice(0, 5)])"
    )
    assert (kind, beginning) == ("application/pdf", "%PDF-")
    page.goto(platform.url("alpha", "/settings/letters/"))
    _look(page, "templates")
    page.get_by_role("link", name="Report to the referrer").click()
    page.get_by_text("Fields that fill themselves in").click()
    _look(page, "template")


def test_reception_keeps_the_address_book_and_sees_no_notes(platform, record, page):
    patient, doctor = record
    _sign_in(page, platform, "reception")
    page.goto(platform.url("alpha", f"/patients/{patient}/"))
    assert page.get_by_role("link", name="Notes", exact=True).count() == 0
    assert page.goto(platform.url("alpha", f"/patients/{patient}/notes/")).status == 403

    page.goto(platform.url("alpha", f"/patients/{patient}/timeline/"))
    assert "Knee, third visit" not in page.content()
    page.goto(platform.url("alpha", f"/patients/{patient}/"))
    page.get_by_role("button", name="Remove Sam Northwind").click()
    page.get_by_text("Sam Northwind is removed.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Remove Sam Northwind").wait_for()
    page.get_by_role("link", name="Add somebody").click()
    page.get_by_label("Role").select_option(label="Plan manager")
    page.get_by_label("Find in the address book").fill("bright")
    page.get_by_label("Bright Plan Partners").check()
    _look(page, "person")
    page.get_by_role("button", name="Add").click()
    page.get_by_role("link", name="Bright Plan Partners", exact=True).wait_for()

    page.goto(platform.url("alpha", f"/patients/{patient}/messages/"))
    _look(page, "messages")
    page.goto(platform.url("alpha", f"/patients/{patient}/invoices/"))
    _look(page, "invoices")
    page.get_by_role("link", name="INV-101").click()
    _look(page, "invoice")
    page.goto(platform.url("alpha", "/contacts/"))
    _look(page, "contacts")
    page.get_by_label("Name, organisation or phone").fill("5550 0199")
    page.get_by_role("link", name="Dr Zoë Okafor").wait_for()
    page.goto(platform.url("alpha", f"/contacts/{doctor}/"))
    _look(page, "contact")
    page.goto(platform.url("alpha", f"/contacts/{doctor}/edit/"))
    _look(page, "contact-edit")


def test_the_timeline_shows_what_the_role_may_see(platform, record, page):
    _sign_in(page, platform, "clinician")
    page.goto(platform.url("alpha", f"/patients/{record[0]}/timeline/"))
    page.get_by_text("Knee, third visit").wait_for()
    assert page.get_by_text("INV-101").count() == 0
    _look(page, "timeline")
    page.get_by_role("navigation", name="What is shown").get_by_role("link", name="Letters").click()
    page.get_by_text("Report after six visits").wait_for()
    assert page.get_by_text("Knee, third visit").count() == 0
