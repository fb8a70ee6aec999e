"""The pages of invoices as people use them: one click, batches, payments, lists, settings."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing_integrations.invoices import demo
from billing_integrations.invoices.models import (
    BillingDetails,
    CreditNote,
    Invoice,
    InvoiceBatch,
    InvoiceLine,
    InvoiceMail,
    ItemForType,
    Payment,
    PriceItem,
)
from clinical.appointments.models import Appointment
from clinical.patients.models import ContactPoint, Patient
from clinical.practice.models import AppointmentType, FundingType
from connections.models import OutboxEntry
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db(databases=["default", "platform"])

MOST_QUERIES = 40


@pytest.fixture
def desk(alpha, sign_in):
    from tests.billing_integrations.invoices.desk import Desk

    with tenant_scope(alpha):
        made = Desk(alpha)
    made.client = sign_in(alpha, "billing")
    return made


@pytest.fixture
def visit(alpha, desk):
    with tenant_scope(alpha):
        return desk.visit(starts_at=timezone.now() - timedelta(days=1))


def test_a_visit_is_invoiced_with_one_click_and_only_once(alpha, desk, visit):
    for _ in range(2):
        answer = desk.client.post(f"/invoices/charge/{visit.pk}/", follow=True)

    assert "INV-000001" in answer.text
    assert "$120.00" in answer.text
    with tenant_scope(alpha):
        invoice = Invoice.objects.get()
        assert (invoice.state, invoice.total_cents) == ("issued", 12_000)
        assert InvoiceLine.objects.get().appointment_id == visit.pk


def test_a_payment_a_credit_note_and_a_mail_of_an_invoice(alpha, desk, visit):
    desk.client.post(f"/invoices/charge/{visit.pk}/")
    with tenant_scope(alpha):
        invoice = Invoice.objects.get()
        line = InvoiceLine.objects.get()
    page = f"/invoices/{invoice.pk}/"

    paid = {"amount": "$100", "paid_on": "20/11/2026", "method": "card"}
    assert desk.client.post(f"{page}pay/", paid).status_code == 302
    credit = {f"line-{line.pk}": "40.00", "reason": "Shorter"}
    assert desk.client.post(f"{page}credit/", credit).status_code == 302
    assert desk.client.post(f"{page}mail/", {"address": "ada@example.org"}).status_code == 302
    assert desk.client.post(f"{page}mail/", {"address": "nobody"}).status_code == 422
    shown = desk.client.get(page)

    assert shown.status_code == 200
    assert "Credit note CN-000001" in shown.text
    assert desk.client.get(f"{page}invoice.pdf").content.startswith(b"%PDF-")
    with tenant_scope(alpha):
        invoice.refresh_from_db()
        assert (invoice.state, invoice.paid_cents, invoice.credited_cents) == (
            "paid",
            10_000,
            2_000,
        )
        note = CreditNote.objects.get()
        assert note.left_cents == 2_000
        assert Payment.objects.get().cents == 10_000
        assert OutboxEntry.objects.get().subject_id == InvoiceMail.objects.get().pk
    assert desk.client.get(f"/credit-notes/{note.pk}.pdf").content.startswith(b"%PDF-")
    refund = {"amount": "20", "method": "card"}
    desk.client.post(f"/payments/refund/credit-note/{note.pk}/", refund)
    with tenant_scope(alpha):
        note.refresh_from_db()
        assert note.left_cents == 0


def test_a_draft_is_written_by_hand_changed_issued_and_made_void(alpha, desk):
    form = {
        "line-TOTAL_FORMS": "2",
        "line-INITIAL_FORMS": "0",
        "line-0-description": "Splint",
        "line-0-price": "45.50",
        "line-0-quantity": "2",
        "line-0-gst_rule": "taxable",
        "line-1-item": str(desk.item.pk),
        "line-1-price": "120",
        "payer_kind": "contact",
        "contact": str(desk.manager.pk),
        "reference": "C-7",
    }
    new = f"/patients/{desk.patient.pk}/invoices/new/"
    assert desk.client.get(new).status_code == 200
    answer = desk.client.post(new, form)

    page = answer["Location"]
    with tenant_scope(alpha):
        invoice = Invoice.objects.get()
        assert (invoice.total_cents, invoice.gst_cents) == (21_100, 827)
        assert (invoice.contact, invoice.reference) == (desk.manager, "C-7")
    shown = desk.client.get(f"{page}edit/").text
    assert 'value="45.50"' in shown
    desk.client.post(f"{page}edit/", {**form, "seen": "yesterday"})
    changed = {**form, "seen": invoice.changed_at.isoformat(), "line-0-price": "10"}
    assert desk.client.post(f"{page}edit/", changed).status_code == 302
    desk.client.post(f"{page}issue/")
    assert desk.client.post(f"{page}edit/", changed).status_code == 302
    desk.client.post(f"{page}void/", {"reason": "Wrong person"})
    with tenant_scope(alpha):
        invoice.refresh_from_db()
        assert (invoice.state, invoice.total_cents) == ("void", 14_000)


def test_a_batch_is_chosen_looked_at_and_made(alpha, desk):
    with tenant_scope(alpha):
        bo = Patient.objects.create(given_names="Bo", family_name="South")
        ContactPoint.objects.create(patient=bo, kind="email", value="bo@example.org")
        visits = [
            desk.visit(patient, starts_at=timezone.now() - timedelta(days=day))
            for patient, day in ((bo, 1), (bo, 2), (None, 3))
        ]
        odd = AppointmentType.objects.create(name="Odd")
        visits.append(
            desk.visit(appointment_type=odd, starts_at=timezone.now() - timedelta(days=4))
        )
    chosen = {"visit": [str(visit.pk) for visit in visits]}

    listed = desk.client.get("/invoices/to-charge/").text
    looked = desk.client.post("/invoices/to-charge/", chosen).text
    made = desk.client.post(
        "/invoices/to-charge/", {**chosen, "make": "1", "issue": "on", "mail": "on"}, follow=True
    ).text

    assert "no item for Odd" in listed
    assert "2 invoices, $360.00" in looked
    assert "INV-000002" in made
    with tenant_scope(alpha):
        assert InvoiceBatch.objects.get().done == 2
        totals = Invoice.objects.values_list("patient__given_names", "total_cents")
        assert sorted(totals) == [("Ada", 12_000), ("Bo", 24_000)]
        assert InvoiceMail.objects.get().address == "bo@example.org"


def test_fees_are_proposed_by_rule_and_can_be_waived(alpha, desk, sign_in):
    owner = sign_in(alpha, "owner")
    rule = {"applies_to": "late_cancellation", "within_hours": "24", "percent": "50"}
    assert owner.post("/settings/billing/fees/new/", {**rule, "is_active": "on"}).status_code == 302
    starts = timezone.now() - timedelta(days=2)
    with tenant_scope(alpha):
        late, early = (
            desk.visit(
                starts_at=starts + timedelta(hours=number),
                status=Appointment.Status.LATE_CANCELLATION,
                status_times={"late_cancellation": (starts - timedelta(hours=before)).isoformat()},
            )
            for number, before in ((0, 3), (1, 30))
        )

    listed = desk.client.get("/invoices/to-charge/").text
    assert f'value="{late.pk}"' in listed
    assert f'value="{early.pk}"' not in listed
    assert "$60.00" in listed
    desk.client.post(f"/invoices/waive/{late.pk}/")

    assert f'value="{late.pk}"' not in desk.client.get("/invoices/to-charge/").text


def test_one_payment_of_a_plan_manager_pays_for_several_patients(alpha, desk):
    from billing_integrations.invoices.payers import Payer

    with tenant_scope(alpha):
        bo = Patient.objects.create(given_names="Bo", family_name="South")
        payer = Payer("contact", desk.manager)
        bills = [desk.issued(5_000, payer=payer), desk.issued(7_000, payer=payer, patient=bo)]
    page = f"/payments/from/contact/{desk.manager.pk}/"
    asked = {f"share-{bill.pk}": str(bill.total_cents / 100) for bill in bills}
    assert desk.client.get(page).status_code == 200

    answer = desk.client.post(
        page, {**asked, "amount": "120", "paid_on": "20/11/2026", "method": "transfer"}, follow=True
    )

    assert "$120.00 from" in answer.text
    with tenant_scope(alpha):
        assert {bill.state for bill in Invoice.objects.all()} == {"paid"}
    statement = desk.client.get(f"/statements/contact/{desk.manager.pk}/").text
    assert "INV-000002" in statement


def test_settings_check_the_abn_and_keep_prices_apart(alpha, desk, sign_in):
    owner = sign_in(alpha, "owner")
    details = {"legal_name": "A", "due_days": "7", "invoice_prefix": "A-", "bsb": "062000"}
    wrong = owner.post("/settings/billing/", {**details, "abn": "51 824 753 557"})
    assert wrong.status_code == 422
    owner.post("/settings/billing/", {**details, "abn": "51 824 753 556"})
    rows = {"price-TOTAL_FORMS": "2", "price-INITIAL_FORMS": "0"}
    item = {"code": "REP", "name": "Report", "unit": "each", "gst_rule": "taxable"}
    first = {"price-0-price": "100", "price-0-valid_from": "1/1/2026"}
    second = {"price-1-price": "110", "price-1-valid_from": "1/7/2026"}
    page = "/settings/billing/prices/new/"

    clash = owner.post(page, {**rows, **item, **first, **second})
    ended = {"price-0-valid_to": "30/6/2026"}
    fine = owner.post(page, {**rows, **item, **first, **ended, **second})

    assert (clash.status_code, fine.status_code) == (422, 302)
    with tenant_scope(alpha):
        found = BillingDetails.objects.get()
        assert (found.abn, found.bsb, found.invoice_prefix) == ("51824753556", "062-000", "A-")
        assert PriceItem.objects.get(code="REP").prices.count() == 2
    assert desk.client.post("/settings/billing/prices/new/", item).status_code == 403


def test_the_pages_cost_the_same_for_one_invoice_and_for_many(alpha, desk, sign_in):
    owner = sign_in(alpha, "owner")
    pages = [
        *("/invoices/", "/invoices/to-charge/", "/invoices/debtors/", "/payments/"),
        *("/settings/billing/", "/settings/billing/prices/", "/settings/billing/visits/"),
        *("/settings/billing/fees/", "/settings/billing/payers/"),
        f"/patients/{desk.patient.pk}/invoices/",
        f"/patients/{desk.patient.pk}/payer/",
        f"/statements/patient/{desk.patient.pk}/",
        f"/payments/from/patient/{desk.patient.pk}/",
    ]

    def costs() -> dict[str, int]:
        found = {}
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                assert owner.get(page).status_code == 200, page
            found[page] = len(queries)
        return found

    def add(count: int) -> None:
        with tenant_scope(alpha):
            for number in range(count):
                starts = timezone.now() - timedelta(days=2, minutes=number)
                desk.visit(starts_at=starts)
                patient = Patient.objects.create(given_names=f"P{number}", family_name="Q")
                desk.issued(1_000)
                desk.issued(1_000, patient=patient)

    add(1)
    costs()
    one = costs()
    add(5)

    assert costs() == one
    assert max(one.values()) <= MOST_QUERIES, one


def test_debtors_as_files_run_no_formula(alpha, desk, sign_in):
    with tenant_scope(alpha):
        odd = Patient.objects.create(given_names="=cmd", family_name="")
        desk.issued(1_000, patient=odd)
    owner = sign_in(alpha, "owner")

    table = owner.get("/invoices/debtors/file.csv").content.decode("utf-8-sig")

    assert "'=cmd" in table
    assert owner.get("/invoices/debtors/file.xlsx").content.startswith(b"PK")
    assert sign_in(alpha, "reception").get("/invoices/debtors/file.csv").status_code == 403


def test_strangers_and_other_roles_and_the_neighbour_see_nothing(alpha, beta, desk, sign_in):
    with tenant_scope(alpha):
        bill = desk.issued(1_000)
    page = f"/invoices/{bill.pk}/"

    assert sign_in(alpha, "clinician").get(page).status_code == 403
    assert sign_in(alpha, "coordinator").get(page).status_code == 403
    assert sign_in(beta, "owner").get(page).status_code == 404
    assert sign_in(alpha, "reception").get(page).status_code == 200
    with tenant_scope(alpha):
        assert Invoice.objects.get().state == "issued"


def test_the_demo_fills_a_clinic_with_books_that_balance(alpha, desk):
    now = datetime(2026, 11, 20, 2, tzinfo=UTC)
    with tenant_scope(alpha):
        ItemForType.objects.all().delete()
        PriceItem.objects.all().delete()
        FundingType.objects.create(name="NDIS")
        for day in range(1, 50):
            desk.visit(starts_at=now - timedelta(days=day))
        demo.fill(random.Random(1), now)
        states = set(Invoice.objects.values_list("state", flat=True))
        assert {"draft", "issued", "paid"} <= states
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(cents), count(*) FROM invoices_posting")
            assert cursor.fetchone()[0] == 0
        demo.fill(random.Random(1), now)
