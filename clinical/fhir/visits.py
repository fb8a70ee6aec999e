"""What is planned and what took place: visits, referrals, messages, consents, plans of treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.fhir.elements import (
    OWN,
    TERMS,
    Resource,
    coded,
    day,
    moment,
    note,
    period,
    quantity,
    reference,
    resource,
    span,
    whole,
    words,
)
from clinical.fhir.people import PRACTICE, contact_reference

if TYPE_CHECKING:
    from clinical.appointments.models import Appointment
    from clinical.consents.models import Consent
    from clinical.messages.models import Message
    from clinical.plans.models import Plan, PlanGoal
    from clinical.referrals.models import Referral

_APPOINTMENT = {
    "booked": "booked",
    "confirmed": "booked",
    "arrived": "arrived",
    "in_session": "checked-in",
    "completed": "fulfilled",
    "did_not_attend": "noshow",
    "late_cancellation": "cancelled",
    "cancelled": "cancelled",
}
_ENCOUNTER = {"arrived": "arrived", "in_session": "in-progress", "completed": "finished"}
HAPPENED = tuple(_ENCOUNTER)
_PLACE = {"clinic": "AMB", "telehealth": "VR", "home": "HH"}
_MESSAGE = {
    "queued": "preparation",
    "sent": "completed",
    "delivered": "completed",
    "received": "completed",
    "failed": "not-done",
    "cancelled": "not-done",
    "unclear": "unknown",
}
_CONSENT = {"given": "active", "refused": "rejected", "withdrawn": "inactive"}
_PLAN = {"draft": "draft", "active": "active", "reviewed": "active", "closed": "completed"}
_GOAL = {"active": "active", "achieved": "completed", "partly": "completed", "dropped": "cancelled"}
_REACHED = {"active": "in-progress", "achieved": "achieved", "partly": "sustaining"}


def appointment(row: Appointment) -> Resource:
    """A visit, a group session or blocked time; expects the names it shows to be fetched."""
    kind = row.appointment_type
    involved = [
        reference("Patient", row.patient_id),
        reference("Practitioner", row.practitioner_id),
        reference("Location", row.location_id),
    ]
    actors = list(filter(None, involved)) or [{"reference": f"Organization/{PRACTICE}"}]
    status = _APPOINTMENT[row.status]
    return resource(
        "Appointment",
        row.pk,
        status=status,
        cancelationReason=words(row.cancel_reason) if status in {"cancelled", "noshow"} else None,
        appointmentType=words(kind.name if kind else ""),
        description=None if row.patient_id else ("Group session" if row.seats > 1 else "Blocked"),
        start=moment(row.starts_at),
        end=moment(row.ends_at),
        minutesDuration=whole(int((row.ends_at - row.starts_at).total_seconds() // 60)) or None,
        created=moment(row.created_at),
        comment=row.notes,
        supportingInformation=[reference("Appointment", row.group_id)],
        participant=[{"actor": actor, "status": "accepted"} for actor in actors],
    )


def encounter(row: Appointment) -> Resource:
    """A visit that took place, or does now; of the same id as its Appointment."""
    kind = row.appointment_type
    place = _PLACE.get(kind.setting if kind else "clinic", "AMB")
    return resource(
        "Encounter",
        row.pk,
        status=_ENCOUNTER[row.status],
        **{"class": {"system": f"{TERMS}/v3-ActCode", "code": place}},
        type=[words(kind.name if kind else "")],
        subject=reference("Patient", row.patient_id),
        participant=[{"individual": reference("Practitioner", row.practitioner_id)}]
        if row.practitioner_id
        else None,
        appointment=[reference("Appointment", row.pk)],
        period=span(row.starts_at, row.ends_at),
        location=[{"location": reference("Location", row.location_id)}]
        if row.location_id
        else None,
        serviceProvider=reference("Organization", PRACTICE),
    )


def service_request(row: Referral) -> Resource:
    """A referral to the practice; expects `referrer` to be fetched."""
    return resource(
        "ServiceRequest",
        row.pk,
        status="active" if row.state == "active" else "completed",
        intent="order",
        category=[words(row.get_kind_display())],
        code=words("Referral"),
        subject=reference("Patient", row.patient_id),
        quantityQuantity=quantity(row.sessions_allowed, "sessions"),
        occurrencePeriod=period(row.starts_on or row.referred_on, row.expires_on),
        authoredOn=day(row.referred_on),
        requester=contact_reference(row.referrer, row.referrer_name),
        reasonCode=[words(row.reason)],
        supportingInfo=[reference("DocumentReference", row.document_id)],
        note=note(row.notes, row.closed_reason),
    )


def communication(row: Message) -> Resource:
    us = reference("Organization", PRACTICE)
    them = reference("Patient", row.patient_id, "" if row.patient_id else row.address)
    sender, recipient = (them, us) if row.direction == "in" else (us, them)
    status = _MESSAGE[row.state]
    return resource(
        "Communication",
        row.pk,
        status=status,
        statusReason=words(row.problem) if status == "not-done" else None,
        medium=[words(row.get_channel_display())],
        topic=words(row.subject),
        subject=reference("Patient", row.patient_id),
        sent=moment(row.sent_at),
        received=moment(row.delivered_at),
        sender=sender,
        recipient=[recipient],
        payload=[{"contentString": text} for text in (row.body, row.quoted) if text.strip()],
        about=[reference("Appointment", row.appointment_id)],
    )


def consent(row: Consent) -> Resource:
    """An answer to a question of consent; expects `kind` to be fetched."""
    return resource(
        "Consent",
        row.pk,
        status=_CONSENT[row.answer],
        scope=coded(f"{TERMS}/consentscope", "treatment"),
        category=[coded(f"{OWN}:consent", row.kind.key, row.kind.name, text=row.kind.name)],
        patient=reference("Patient", row.patient_id),
        dateTime=day(row.answered_on),
        performer=[reference("RelatedPerson", None, row.by)],
        organization=[reference("Organization", PRACTICE)],
        sourceReference=reference("DocumentReference", row.document_id),
        policyRule=words(row.kind.text or row.kind.name),
        provision={
            "type": "permit" if row.answer == "given" else "deny",
            "period": {"end": day(row.expires_on)},
        },
    )


def care_plan(row: Plan) -> Resource:
    """A plan of treatment; expects its goals to be fetched."""
    return resource(
        "CarePlan",
        row.pk,
        status=_PLAN[row.state],
        intent="plan",
        title=row.title,
        description=row.interventions,
        subject=reference("Patient", row.patient_id),
        period=period(row.starts_on, row.ends_on or row.closed_on),
        created=moment(row.created_at),
        author=reference("Practitioner", row.practitioner_id, row.author_name),
        goal=[reference("Goal", goal.pk) for goal in row.goals.all()],
        activity=[{"detail": {"status": "in-progress", "description": row.frequency}}]
        if row.frequency.strip()
        else None,
        note=note(row.outcome),
    )


def goal(row: PlanGoal) -> Resource:
    """A goal of a plan; expects its plan and progress to be fetched."""
    status = _GOAL[row.state] if row.plan.state != "draft" else "proposed"
    reached = _REACHED.get(row.state)
    return resource(
        "Goal",
        row.pk,
        lifecycleStatus=status,
        achievementStatus=coded(f"{TERMS}/goal-achievement", reached) if reached else None,
        description=words(row.text) or words("Goal"),
        subject=reference("Patient", row.plan.patient_id),
        startDate=day(row.plan.starts_on),
        target=[
            {
                "measure": words(row.measure_code or "target"),
                "detailString": row.target,
                "dueDate": day(row.due_on),
            }
        ]
        if row.target.strip()
        else [{"dueDate": day(row.due_on)}],
        note=[
            *note(f"Baseline: {row.baseline}" if row.baseline.strip() else ""),
            *(
                {
                    "time": day(step.noted_on),
                    "authorString": step.by_name,
                    "text": " ".join(filter(None, [step.words, step.note])),
                }
                for step in row.progress.all()
            ),
        ],
    )
