"""Mails about questionnaires: to patients from the clinic's mailbox, to its own people from Nexus.

Nothing clinical stands in them: not what is asked, not what was said.
"""

from __future__ import annotations

import logging
from email.utils import formataddr, parseaddr
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts.permissions import Action, Resource, allows
from clinical.appointments.models import Appointment
from clinical.measures import repeats
from clinical.measures.links import ON_ITS_WAY, first_name, note_mailing, refusal_of, renew_token
from clinical.measures.models import Assessment, PatientLink
from connections.mailbox import connection_for_clinic
from ports.outcomes import BrokenConnectionError, DeliveryError, RetryLaterError
from tenants.tasks import in_every_clinic, tenant_task

if TYPE_CHECKING:
    from accounts.models import User

log = logging.getLogger(__name__)

RETRY: dict[str, Any] = {
    "autoretry_for": (RetryLaterError, BrokenConnectionError, OSError, SMTPException),
    "retry_backoff": 30,
    "max_retries": 6,
}


@tenant_task(name="measures.send_link", long=True, **RETRY)
def send_link(self: Any, link_id: str) -> None:
    """Mail a link to the patient. Each delivery carries a token made for it; the task knows none.

    What the mailbox refuses, or may have sent, is not tried again: the patient's page says so.
    """
    clinic = self.request.tenant
    with self.scope():
        found = PatientLink.objects.select_related("patient", "patient__location")
        link = found.filter(pk=link_id).first()
        if link is not None and (refusal := refusal_of(link, at=timezone.now())):
            note_mailing(link, refusal)
            return
        if link is None or not link.email or link.mail_problem == ON_ITS_WAY:
            return  # where an earlier worker died while sending, nobody knows: a person decides
        token = renew_token(link, at=timezone.now())
        if token is None:
            return
        note_mailing(link, ON_ITS_WAY)
        path = reverse("measures:answer", args=[token], urlconf=settings.CLINIC_URLCONF)
        context = {
            "first_name": first_name(link.patient),
            "clinic": clinic.name,
            "link": clinic.url + path,
            "until": timezone.localtime(link.expires_at),
        }
        address = link.email
        connection = connection_for_clinic(clinic)
        context["answers"] = connection.mailbox.is_own
    mailbox = connection.mailbox
    mail = EmailMessage(
        subject=" ".join(f"A questionnaire from {clinic.name}".split()),
        body=render_to_string("measures/mail/link.txt", context),
        from_email=mailbox.sender(clinic.name if mailbox.is_own else f"{clinic.name} via Nexus"),
        to=[address],
        connection=connection,
    )
    problem: DeliveryError | None = None
    try:
        mail.send()
    except DeliveryError as error:
        problem = error
    with self.scope():
        note_mailing(link, problem.words if problem else "")
    if isinstance(problem, RetryLaterError | BrokenConnectionError):
        raise problem


@tenant_task(name="measures.ask_again", long=True)
def ask_again(self: Any) -> None:
    """Send the clinic's questionnaires that are due again, each in a transaction of its own."""
    with self.scope():
        due = repeats.due_repeats(timezone.now())
    for one in due:
        try:
            with self.scope():
                repeats.ask_again(one, at=timezone.now())
        except Exception:
            log.exception("a questionnaire could not be asked again")


@shared_task(name="measures.ask_again_everywhere")
def ask_again_everywhere() -> None:
    """Do so in every clinic that has any."""
    found = in_every_clinic(
        lambda _: bool(repeats.due_repeats(timezone.now())), what="looking at the questionnaires"
    )
    for tenant, is_due in found:
        if is_due:
            ask_again.delay_for(tenant.pk)


@tenant_task(name="measures.tell_of_alert", long=True, **RETRY)
def tell_of_alert(self: Any, assessment_id: str) -> None:
    """Ask the patient's clinicians to look at an answer today; the mail names neither."""
    clinic = self.request.tenant
    with self.scope():
        assessment = Assessment.objects.filter(pk=assessment_id).select_related("link").first()
        if assessment is None or not assessment.needs_look:
            return
        addresses = [person.email for person in _who_should_know(assessment)]
    context = {"clinic": clinic.name, "link": clinic.url + "/measures/"}
    for address in addresses:
        subject = f"Please look at an answer today: {clinic.name}"
        _mail(clinic, "measures/mail/alert.txt", subject, context, address)


def _who_should_know(assessment: Assessment) -> list[User]:
    """Answer who sent the link, and whom the patient sees: last, and next."""
    link = PatientLink.objects.filter(assessment=assessment).select_related("created_by").first()
    found = [link.created_by] if link is not None and link.created_by else []
    now = timezone.now()
    visits = Appointment.objects.filter(
        patient=assessment.patient_id, practitioner__user__isnull=False
    ).select_related("practitioner__user")
    near = (
        visits.filter(starts_at__lt=now).order_by("-starts_at").first(),
        visits.filter(starts_at__gte=now).order_by("starts_at").first(),
    )
    found += [
        visit.practitioner.user
        for visit in near
        if visit is not None and visit.practitioner is not None and visit.practitioner.user
    ]
    unique = {person.pk: person for person in found}
    return [one for one in unique.values() if allows(one, Action.VIEW, Resource.MEASURES)]


def _mail(clinic: Any, template: str, subject: str, context: dict[str, Any], address: str) -> None:
    sender = formataddr((f"{clinic.name} via Nexus", parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))
    body = render_to_string(template, context)
    EmailMessage(" ".join(subject.split()), body, sender, [address]).send()
