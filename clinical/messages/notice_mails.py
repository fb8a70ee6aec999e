"""The mails of notices: what stands in them, and how one is claimed and sent.

Nothing clinical is in them: the practice, the place, the time on its clocks, the telephone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from clinical.appointments.changes import plan_of
from clinical.consents.selectors import may_contact
from clinical.messages.mail_threads import Topic, continue_thread, facts_of, visit_topic
from clinical.messages.models import Message, PatientNotice
from clinical.messages.notices import State, current_settings, kind_of, known_plan
from clinical.practice.clock import zone_of
from clinical.practice.models import AppointmentType
from connections.mailbox import connection_for_clinic, current_mailbox
from ports.outcomes import RefusedError, UnclearError
from tenants.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from clinical.messages.models import NoticeSettings
    from clinical.patients.models import Patient
    from clinical.practice.models import Location
    from connections.mailbox import ClinicMail
    from ports.outcomes import DeliveryError
    from tenants.models import Tenant


@dataclass(frozen=True)
class Mail:
    """A mail that is this worker's to send."""

    message_id: UUID
    mail: EmailMessage
    connection: ClinicMail
    topic: Topic
    thread_id: str = ""


@transaction.atomic
def claim(patient_id: UUID, *, clinic: Tenant, at: datetime) -> Mail | None:
    """Take all that is due for a patient; None where nothing is left to tell, or another has it."""
    rows = PatientNotice.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        patient=patient_id, state=State.WAITING, due_at__lte=at
    )
    due = list(
        rows.select_related(
            "patient", "known_location", "appointment__location", "appointment__appointment_type"
        ).order_by("appointment__starts_at")
    )
    how = current_settings()
    tell = [notice for notice in due if _still_to_tell(notice, at, is_on=how.is_on)]
    if not tell:
        return None
    patient = tell[0].patient
    address = _address_of(patient)
    problem = _why_not(patient, address, at)
    if problem:
        PatientNotice.objects.filter(pk__in=[one.pk for one in tell]).update(
            state=State.FAILED, problem=problem, changed_at=at
        )
        return None
    with timezone.override(ZoneInfo(clinic.time_zone)):
        body = body_of(tell, clinic=clinic, how=how)
    message = _message_for(tell, address, body)
    PatientNotice.objects.filter(pk__in=[one.pk for one in tell]).update(
        state=State.SENDING, message=message, changed_at=at
    )
    connection = connection_for_clinic(clinic)
    mail = _written(tell, message, connection, clinic=clinic, how=how)
    topic = _topic_of(tell, message)
    thread_id = continue_thread(mail, topic, connection.mailbox)
    return Mail(message.pk, mail, connection, topic, thread_id)


def send(mail: Mail) -> dict[str, str]:
    """Hand the mail to the clinic's mailbox, outside every scope; raises DeliveryError.

    Answers what is to be kept of it (`mail_threads.keep`).
    """
    receipt = mail.connection.send(mail.mail, thread_id=mail.thread_id)
    return facts_of(mail.mail, mail.connection.mailbox, receipt)


def is_final(error: DeliveryError) -> bool:
    """Answer whether a person has to decide: trying again is no use, or might tell it twice."""
    return isinstance(error, RefusedError | UnclearError)


def _still_to_tell(notice: PatientNotice, at: datetime, *, is_on: bool) -> bool:
    """Look at the visit as it stands now; what needs no telling any more is dropped."""
    kind = kind_of(known_plan(notice), plan_of(notice.appointment), now=at)
    if kind is not None and is_on:
        notice.kind = kind
        PatientNotice.objects.filter(pk=notice.pk).update(kind=kind)
        return True
    PatientNotice.objects.filter(pk=notice.pk).update(state=State.DROPPED, changed_at=at)
    return False


def _address_of(patient: Patient) -> str:
    mails = [one.value for one in patient.points_in_order() if one.kind == "email"]
    return mails[0].strip() if mails else ""


def _why_not(patient: Patient, address: str, at: datetime) -> str:
    if not address:
        return "No e-mail address is kept for the patient."
    if patient.is_archived:
        return "The patient's record is archived."
    return may_contact(patient, "email", today=timezone.localdate(at))


def _message_for(notices: Sequence[PatientNotice], address: str, body: str) -> Message:
    """Answer the message that tells it: one that failed before is written anew."""
    facts = {
        "address": address,
        "body": body,
        "state": Message.State.QUEUED,
        "appointment": notices[0].appointment if len(notices) == 1 else None,
    }
    failed = next((one.message_id for one in notices if one.message_id), None)
    if failed and Message.objects.filter(pk=failed, state=Message.State.FAILED).update(**facts):
        return Message.objects.get(pk=failed)
    return Message.objects.create(
        patient=notices[0].patient,
        channel=Message.Channel.EMAIL,
        direction=Message.Direction.OUT,
        **facts,
    )


def _written(
    notices: Sequence[PatientNotice],
    message: Message,
    connection: ClinicMail,
    *,
    clinic: Tenant,
    how: NoticeSettings,
) -> EmailMessage:
    # One subject whatever has changed: all there is to say of a visit stays in one thread.
    what = "Your appointment" if len(notices) == 1 else "Your appointments"
    subject = f"{what}: {clinic.name}"
    mailbox = connection.mailbox
    domain = mailbox.address.rpartition("@")[2]
    return EmailMessage(
        " ".join(subject.split()),
        message.body,
        mailbox.sender(clinic.name if mailbox.is_own else f"{clinic.name} via Nexus"),
        [message.address],
        reply_to=[how.reply_to] if how.reply_to else None,
        headers={"Auto-Submitted": "auto-generated", "Message-ID": f"<{uuid7()}@{domain}>"},
        connection=connection,
    )


def _topic_of(notices: Sequence[PatientNotice], message: Message) -> Topic:
    """One visit is a topic; a mail about several stands for itself."""
    if len(notices) == 1:
        return visit_topic(notices[0].appointment)
    return Topic(f"message:{message.pk}", message.patient_id)


def body_of(notices: Sequence[PatientNotice], *, clinic: Tenant, how: NoticeSettings) -> str:
    """Write what is told; times are those of each place's clocks, the practice's zone being active."""
    phones = [notice.appointment.location for notice in notices]
    phone = how.phone or next((place.phone for place in phones if place and place.phone), "")
    patient = notices[0].patient
    context = {
        "name": patient.preferred_name or patient.given_names or patient.full_name,
        "clinic": clinic.name,
        "phone": phone,
        "reply_to": how.reply_to or current_mailbox().is_own,
        "lines": [_line(notice) for notice in notices],
    }
    return render_to_string("messages/mail/notice.txt", context)


def _line(notice: PatientNotice) -> dict[str, str]:
    visit = notice.appointment
    known = ""
    if notice.known_starts_at is not None:
        known = _moment(notice.known_starts_at, notice.known_location)
    return {
        "kind": notice.kind,
        "known": known,
        "when": _moment(visit.starts_at, visit.location),
        "where": _place(notice),
        "link": visit.video_link,
    }


def _moment(moment: datetime, place: Location | None) -> str:
    local = moment.astimezone(zone_of(place))
    half = f"{local:%p}".lower()
    return f"{local:%A %-d %B %Y} at {local:%-I:%M} {half} ({local.tzname()})"


def _place(notice: PatientNotice) -> str:
    visit = notice.appointment
    if visit.setting == AppointmentType.Setting.HOME:
        return "at your home"
    if visit.setting == AppointmentType.Setting.TELEHEALTH:
        return "by video"
    if visit.location is None:
        return ""
    street = ", ".join(line.strip() for line in visit.location.address.splitlines() if line.strip())
    return ", ".join(part for part in (visit.location.name, street) if part)
