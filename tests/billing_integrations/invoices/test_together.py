"""What holds when several do the same at once, when records are merged, and when mails go out."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connections
from django.utils import timezone

from billing_integrations.invoices.models import Invoice, InvoiceLine, InvoiceMail, Posting
from billing_integrations.invoices.services import (
    InvoiceError,
    charge_visits,
    issue_invoice,
    mail_invoice,
    mail_receipt,
    record_payment,
    void_invoice,
)
from clinical.patients.merging import merge_patients
from clinical.patients.models import Patient
from connections.relay import deliver_due
from tenants.scope import tenant_scope


def test_people_at_once_take_numbers_without_gaps_and_invoice_a_visit_once(committed, alpha):
    from tests.billing_integrations.invoices.desk import Desk

    with tenant_scope(alpha):
        desk = Desk(alpha)
        drafts = [desk.draft(100 + number) for number in range(6)]
        visit = desk.visit(starts_at=timezone.now() - timedelta(days=1))
    refused: list[str] = []

    def work(part: list[Invoice]) -> None:
        try:
            for draft in part:
                with tenant_scope(alpha):
                    issue_invoice(draft, actor=desk.actor)
            with tenant_scope(alpha):
                charge_visits([visit], actor=desk.actor)
        except InvoiceError as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(drafts[n::3],)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with tenant_scope(alpha):
        issued = Invoice.objects.exclude(serial=None).order_by("serial")
        assert list(issued.values_list("serial", flat=True)) == [1, 2, 3, 4, 5, 6]
        assert InvoiceLine.objects.filter(appointment=visit).count() == 1
    assert len(refused) == 2


def test_a_mail_goes_out_once_with_the_invoice_and_nothing_clinical(committed, alpha):
    from tests.billing_integrations.invoices.desk import Desk

    with tenant_scope(alpha):
        desk = Desk(alpha)
        sent = mail_invoice(desk.issued(100), actor=desk.actor, address="claims@lantern.example")
        gone = desk.issued(200)
        unwanted = mail_invoice(gone, actor=desk.actor, address="claims@lantern.example")
        void_invoice(gone, actor=desk.actor, reason="Wrong", on=desk.today)
    mail.outbox.clear()

    for _ in range(2):
        deliver_due(alpha)

    assert len(mail.outbox) == 1
    message = mail.outbox[0]
    assert message.subject == "Invoice INV-000001 from Alpha Physiotherapy"
    assert "Ada" not in message.subject + str(message.body)
    name, content, kind = message.attachments[0]
    assert (name, content[:5], kind) == ("invoice-INV-000001.pdf", b"%PDF-", "application/pdf")
    with tenant_scope(alpha):
        states = dict(InvoiceMail.objects.values_list("pk", "state"))
        assert states == {sent.pk: "sent", unwanted.pk: "failed"}

        paid = record_payment(sent.invoice, 100, **desk.by_card)
        mail_receipt(paid, actor=desk.actor, address="claims@lantern.example")
    deliver_due(alpha)
    receipt = mail.outbox[1]
    assert receipt.subject == message.subject
    assert receipt.extra_headers["References"] == message.extra_headers["Message-ID"]


@pytest.mark.django_db
def test_merging_two_records_takes_invoices_payments_and_postings_along(desk):
    from accounts.models import User

    owner = User.objects.create(email="o@desk.example", name="Olga", role=User.Role.OWNER)
    other = Patient.objects.create(given_names="Ada", family_name="Nord")
    invoice = desk.issued(5_000, patient=other)
    record_payment(invoice, 1_000, **desk.by_card)
    other.refresh_from_db()

    merge_patients(desk.patient, other, actor=owner, at=timezone.now())

    invoice.refresh_from_db()
    assert invoice.patient_id == desk.patient.pk
    assert not Posting.objects.filter(patient=other).exists()
    record_payment(invoice, 4_000, **desk.by_card)
    assert Invoice.objects.get(pk=invoice.pk).state == "paid"
