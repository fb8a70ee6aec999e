"""Invoices, receipts and statements by mail: through the outbox, never the same one twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action
from audit.services import record
from billing_integrations.invoices.models import Invoice, InvoiceMail, Payment
from billing_integrations.invoices.services.access import asked_by
from billing_integrations.invoices.services.errors import InvoiceError
from connections import outbox

if TYPE_CHECKING:
    from datetime import date

    from accounts.models import User
    from billing_integrations.invoices.debtors import Account

KIND = "invoices.mail"


@transaction.atomic
def mail_invoice(invoice: Invoice, *, actor: User | None, address: str) -> InvoiceMail:
    """Put an issued invoice on its way to an address."""
    if invoice.is_draft:
        raise InvoiceError("Issue the invoice first, then send it.")
    name = invoice.payer_name.splitlines()[0] if invoice.payer_name else ""
    return _put(
        InvoiceMail(
            kind=InvoiceMail.Kind.INVOICE, invoice=invoice, patient_id=invoice.patient_id, name=name
        ),
        address=address,
        actor=actor,
    )


@transaction.atomic
def mail_receipt(payment: Payment, *, actor: User, address: str) -> InvoiceMail:
    name = str(payment.contact or payment.patient or "")
    mail = InvoiceMail(
        kind=InvoiceMail.Kind.RECEIPT, payment=payment, patient_id=payment.patient_id, name=name
    )
    return _put(mail, address=address, actor=actor)


@transaction.atomic
def mail_statement(
    account: Account, *, since: date, until: date, actor: User, address: str
) -> InvoiceMail:
    mail = InvoiceMail(
        kind=InvoiceMail.Kind.STATEMENT,
        payer_kind=account.kind,
        patient=account.patient,
        contact=account.contact,
        since=since,
        until=until,
        name=account.name,
    )
    return _put(mail, address=address, actor=actor)


@transaction.atomic
def send_again(mail: InvoiceMail, *, actor: User) -> InvoiceMail:
    """Try a mail once more that was not sent, or whose end nobody knows."""
    asked_by(actor, Action.CHANGE)
    again = (InvoiceMail.State.FAILED, InvoiceMail.State.UNCLEAR)
    held = InvoiceMail.objects.select_for_update().get(pk=mail.pk)
    if held.state not in again:
        raise InvoiceError("This mail is on its way, or was sent already.")
    held.state, held.problem, held.tries = InvoiceMail.State.QUEUED, "", held.tries + 1
    held.asked_by, held.asked_at = actor.name, timezone.now()
    held.save()
    _deliver(held)
    return held


def _put(mail: InvoiceMail, *, address: str, actor: User | None) -> InvoiceMail:
    mail.asked_by = asked_by(actor, Action.CREATE)
    mail.address = address.strip()
    try:
        validate_email(mail.address)
    except ValidationError:
        raise InvoiceError(f"{address or 'Nothing'} is no mail address.") from None
    mail.save()
    about = mail.invoice or mail.payment or mail.contact or mail.patient
    record(
        "export",
        object_type=about._meta.db_table if about else InvoiceMail._meta.db_table,
        object_id=str(about.pk if about else mail.pk),
        subject_id=str(mail.patient_id or ""),
        payload={"section": mail.kind, "mailed_to": [mail.address]},
    )
    _deliver(mail)
    return mail


def _deliver(mail: InvoiceMail) -> None:
    outbox.put(KIND, mail, key=f"{KIND}:{mail.pk}:{mail.tries}", payload={"kind": mail.kind})
