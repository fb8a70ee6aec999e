"""How the outbox sends a mail of this app: read in one transaction, sent in none, noted in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.utils import timezone

from billing_integrations.invoices.debtors import Account, statement_of
from billing_integrations.invoices.models import Invoice, InvoiceMail, Payment
from billing_integrations.invoices.payers import mail_of, payer_facts
from billing_integrations.invoices.printing import (
    Paper,
    file_name,
    invoice_paper,
    receipt_paper,
    statement_paper,
)
from billing_integrations.invoices.services.numbering import billing_details
from clinical.messages.mail_threads import Topic, continue_thread, facts_of, keep
from connections.mailbox import connection_for_clinic
from connections.outbox import Answer, NothingToSendError
from ports.outcomes import RefusedError, UnclearError
from tenants.models import Tenant
from tenants.scope import current_scope, public_scope, tenant_scope
from ui.pdf import PdfError
from ui.wording import money

if TYPE_CHECKING:
    from connections.models import OutboxEntry
    from connections.opened import OpenConnection
    from ports.outcomes import DeliveryError


@dataclass(frozen=True)
class Prepared:
    """What a mail will say; the clinic's name and letterhead come in where no scope is open."""

    tenant_id: int
    mail: InvoiceMail
    subject: str
    body: str
    file_name: str
    paper: Paper
    reply_to: str
    refusal: str = ""
    """Why it must not go out any more."""


class InvoiceMails:
    """The handler of kind `invoices.mail`."""

    def provider_of(self, _entry: OutboxEntry) -> str:
        """Answer none: the mailbox is chosen when it is sent, by `connections.mailbox`."""
        return ""

    def prepare(self, entry: OutboxEntry) -> Prepared:
        mail = InvoiceMail.objects.select_related(
            "invoice__patient", "invoice__contact", "payment", "patient", "contact"
        ).get(pk=entry.subject_id)
        if mail.state != InvoiceMail.State.QUEUED:
            raise NothingToSendError("It was sent already.")
        subject, body, name, paper = _written(mail)
        is_void = mail.invoice is not None and mail.invoice.state == Invoice.State.VOID
        return Prepared(
            tenant_id=current_scope().tenant_id,
            mail=mail,
            subject=subject,
            body=body,
            file_name=name,
            paper=paper,
            reply_to=billing_details().email,
            refusal="The invoice is void: it was not sent." if is_void else "",
        )

    def send(
        self, _entry: OutboxEntry, prepared: Prepared, _opened: OpenConnection | None
    ) -> Answer:
        if prepared.refusal:
            raise RefusedError(prepared.refusal)
        with public_scope():
            clinic = Tenant.objects.get(pk=prepared.tenant_id)
        connection = connection_for_clinic(clinic)
        sender = connection.mailbox
        mail = prepared.mail
        try:
            pdf = prepared.paper.pdf(clinic)
        except PdfError as error:
            raise RefusedError("The PDF could not be made. The operators are told.") from error
        message = EmailMessage(
            subject=f"{prepared.subject} from {' '.join(clinic.name.split())}",
            body=f"{prepared.body}\n\n{clinic.name}",
            from_email=sender.sender(clinic.name),
            to=[mail.address],
            reply_to=[prepared.reply_to] if prepared.reply_to else None,
            headers={"Message-ID": f"<{mail.pk}.{mail.tries}@{sender.address.rpartition('@')[2]}>"},
        )
        message.attach(prepared.file_name, pdf, "application/pdf")
        with tenant_scope(clinic):
            thread_id = continue_thread(message, topic_of(mail), sender)
        receipt = connection.send(message, thread_id=thread_id)
        return Answer(receipt.vendor_id, facts_of(message, sender, receipt))

    def settle(self, entry: OutboxEntry, answer: Answer) -> None:
        keep(topic_of(InvoiceMail.objects.get(pk=entry.subject_id)), answer.kept)
        InvoiceMail.objects.filter(pk=entry.subject_id).update(
            state=InvoiceMail.State.SENT, sent_at=timezone.now(), problem=""
        )

    def failed(self, entry: OutboxEntry, error: DeliveryError) -> None:
        unclear = isinstance(error, UnclearError)
        InvoiceMail.objects.filter(pk=entry.subject_id).update(
            state=InvoiceMail.State.UNCLEAR if unclear else InvoiceMail.State.FAILED,
            problem=error.words,
        )


def topic_of(mail: InvoiceMail) -> Topic:
    """An invoice and the receipt of what paid it alone are one thing."""
    invoices = [mail.invoice_id] if mail.invoice_id else []
    if mail.payment is not None:
        paid = mail.payment.allocations.filter(undone_at=None).order_by()
        invoices = list(paid.values_list("invoice_id", flat=True).distinct()[:2])
    if len(invoices) == 1:
        return Topic(f"invoice:{invoices[0]}", mail.patient_id)
    return Topic(f"mail:{mail.pk}", mail.patient_id)


def _written(mail: InvoiceMail) -> tuple[str, str, str, Paper]:
    """Write no more than number, sum and days: nothing clinical outside of the attachment."""
    if mail.kind == InvoiceMail.Kind.INVOICE and mail.invoice:
        return _invoice(mail.invoice)
    if mail.kind == InvoiceMail.Kind.RECEIPT and mail.payment:
        return _receipt(mail.payment)
    return _statement(mail)


def _invoice(invoice: Invoice) -> tuple[str, str, str, Paper]:
    owed = (
        f"It is due on {invoice.due_on:%d/%m/%Y}: {money(invoice.open_cents)}."
        if invoice.due_on and invoice.open_cents
        else "It is paid. Thank you."
    )
    body = f"Invoice {invoice.number} is attached.\n\n{owed}"
    name = file_name("invoice", invoice.number)
    return f"Invoice {invoice.number}", body, name, invoice_paper(invoice)


def _receipt(payment: Payment) -> tuple[str, str, str, Paper]:
    body = f"Thank you for your payment of {money(payment.cents)}. The receipt is attached."
    name = file_name("receipt", payment.number)
    return f"Receipt {payment.number}", body, name, receipt_paper(payment)


def _statement(mail: InvoiceMail) -> tuple[str, str, str, Paper]:
    if mail.since is None or mail.until is None:
        raise NothingToSendError("The statement has no dates.")
    account = Account(mail.payer_kind, None if mail.contact else mail.patient, mail.contact)
    statement = statement_of(account, since=mail.since, until=mail.until)
    body = f"Your account from {mail.since:%d/%m/%Y} to {mail.until:%d/%m/%Y} is attached."
    return "Statement", body, file_name("statement", ""), statement_paper(statement, whom(account))


def whom(account: Account) -> tuple[str, str]:
    """Answer the name and the address a statement is written to."""
    invoice = Invoice(payer_kind=account.kind, contact=account.contact)
    if account.patient:
        invoice.patient = account.patient
    name, address, _mail = payer_facts(invoice)
    return name, address


def address_of(account: Account) -> str:
    """Answer the mail address a statement goes to."""
    if account.contact:
        return account.contact.email
    return mail_of(account.patient) if account.patient else ""
