"""A mail to whoever wants to see that mail arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import User
from connections import conditions
from connections.mailbox import connection_for_clinic
from connections.providers import Trade
from connections.selectors import in_use
from ports.outcomes import DeliveryError
from tenants.tasks import tenant_task

if TYPE_CHECKING:
    from tenants.tasks import TenantTask


@tenant_task(name="mailboxes.send_test", long=True)
def send_test_mail(task: TenantTask, user_id: str) -> None:
    """Send it once. What goes wrong is kept with the connection, where the page shows it."""
    clinic = task.tenant
    with task.scope():
        person = User.objects.filter(pk=user_id, is_active=True).first()
        connection = connection_for_clinic(clinic)
    if person is None:
        return
    mailbox = connection.mailbox
    context = {"clinic": clinic.name, "name": person.name, "mailbox": mailbox}
    mail = EmailMessage(
        subject=" ".join(f"A test from Nexus: {clinic.name}".split()),
        body=render_to_string("mailboxes/mail/test.txt", context),
        from_email=mailbox.sender(clinic.name),
        to=[person.email],
        connection=connection,
    )
    try:
        mail.send()
    except DeliveryError as error:
        with task.scope():
            found = in_use(Trade.MAIL)
            if found is not None:
                conditions.note_problem(found.pk, error.words, at=timezone.now())
