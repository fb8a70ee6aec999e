"""Links on which patients answer: random, kept as a digest, good for one clinic, one person, once.

Whoever opens one is nobody: no log-in, and nothing to see but a first name and the questions. The
digest has the clinic's key in it, so that a token of next door is a token of nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts.permissions import Action, Resource
from clinical.consents.selectors import may_contact
from clinical.measures.instruments import all_instruments, get_instrument
from clinical.measures.models import Assessment, PatientLink
from clinical.measures.scoring import Answers, Result, score
from clinical.measures.selectors import clinic_settings
from clinical.measures.services import (
    MeasureError,
    UnknownInstrumentError,
    finish,
    first_answers,
    person_on,
)
from clinical.practice.clock import today_at, zone_of
from clinical.practice.rules import require
from tenants.scope import act_as, current_scope

if TYPE_CHECKING:
    from datetime import date, datetime

    from accounts.models import User
    from clinical.measures.instruments import Instrument, Item
    from clinical.measures.models import Repeat
    from clinical.patients.models import Patient

TOKEN_BYTES = 32
BY_PATIENT = "Patient, by link"


class LinkError(MeasureError):
    """The link cannot be made or used."""


class NotForPatientsError(LinkError):
    """The measure is one that staff take."""


class NotWantedError(LinkError):
    """The patient does not want to be written to."""


class NoAddressError(LinkError):
    """There is no address to send it to."""


@transaction.atomic
def create_link(
    patient: Patient, *, actor: User, code: str, at: datetime, email: str | None = None
) -> tuple[PatientLink, str]:
    """Make a link; answers it with its token, which is never to be had again.

    With `email` it is sent there; that mail carries a token of its own, made as it is sent.
    """
    require(actor, Action.RUN, Resource.MEASURES)
    instrument = all_instruments().get(code)
    if instrument is None:
        raise UnknownInstrumentError("There is no such measure. Choose one from the list.")
    if not instrument.by_patient:
        raise NotForPatientsError(
            f"{instrument.short} is taken by staff and cannot be sent. Choose another one."
        )
    address = _checked_address(email) if email is not None else ""
    if address and (refusal := may_contact(patient, "email", today=_today(patient, at))):
        raise NotWantedError(f"{refusal} Make a link and hand it over in the clinic instead.")
    return make_link(patient, instrument, at=at, email=address, by=actor, by_name=actor.name)


def make_link(
    patient: Patient,
    instrument: Instrument,
    *,
    at: datetime,
    email: str,
    by: User | None,
    by_name: str,
    repeat: Repeat | None = None,
    occasion: str = "",
) -> tuple[PatientLink, str]:
    """Make a link without asking who may; with an address its mail is sent after the commit."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link = PatientLink.objects.create(
        patient=patient,
        code=instrument.code,
        instrument_version=instrument.version,
        token_digest=digest_of(token),
        created_by=by,
        created_by_name=by_name,
        email=email,
        repeat=repeat,
        occasion=occasion,
        expires_at=at + timedelta(days=clinic_settings().link_days),
    )
    if email:
        _post(link)
    return link, token


def address_of(patient: Patient) -> str:
    """Answer the patient's first e-mail address; nothing where there is none."""
    emails = [point.value for point in patient.points_in_order() if point.kind == "email"]
    return emails[0] if emails else ""


def refusal_of(link: PatientLink, *, at: datetime) -> str:
    """Answer why the mail with a link must not go out: the patient may have said no meanwhile."""
    if link.patient.is_archived:
        return "The patient is archived."
    return may_contact(link.patient, "email", today=_today(link.patient, at))


def _today(patient: Patient, at: datetime) -> date:
    return today_at(zone_of(patient.location), at)


def cancel_link(link: PatientLink, *, actor: User, at: datetime) -> PatientLink:
    """Make a link lead to nothing; one that was answered stays as it is."""
    require(actor, Action.RUN, Resource.MEASURES)
    PatientLink.objects.filter(pk=link.pk, finished_at=None, cancelled_at=None).update(
        cancelled_at=at
    )
    link.refresh_from_db()
    return link


def renew_token(link: PatientLink, *, at: datetime) -> str | None:
    """Answer a new token for a link about to be mailed; None where it is no longer wanted."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    changed = PatientLink.objects.filter(
        pk=link.pk, finished_at=None, cancelled_at=None, expires_at__gt=at
    ).update(token_digest=digest_of(token), sent_at=at)
    return token if changed else None


ON_ITS_WAY = (
    "The mail is being sent, or its sending was broken off. If this stays, it may have arrived: ask "
    "the patient before you make another link."
)


def note_mailing(link: PatientLink, problem: str) -> None:
    """Keep why the mail with a link did not go out; an empty text: the mailbox has taken it."""
    PatientLink.objects.filter(pk=link.pk).exclude(mail_problem=problem).update(
        mail_problem=problem
    )


def digest_of(token: str) -> str:
    """Answer what is kept of a token in this clinic."""
    salt = f"measures.link.{current_scope().key}"
    return salted_hmac(salt, token, algorithm="sha256").hexdigest()


# ── what the patient does ────────────────────────────────────────────────────────────────────────


def find_link(token: str, *, at: datetime) -> PatientLink | None:
    """Answer the link of a token unless it has ended.

    From here on the patient acts, whoever else may be signed in on the same device. One that was
    answered is found too, so that the page can say so.
    """
    act_as(replace(current_scope().actor, id="", label=BY_PATIENT))
    link = (
        PatientLink.objects.filter(token_digest=digest_of(token), cancelled_at=None)
        .select_related("patient", "patient__location", "assessment", "repeat")
        .first()
    )
    if link is None or (link.finished_at is None and link.expires_at <= at):
        return None
    return link


@transaction.atomic
def save_answer(link: PatientLink, item: Item, answer: Any, *, at: datetime) -> Assessment:
    """Keep one answer; None takes it back. The first one begins the assessment."""
    assessment = _assessment_of(link, at)
    answers: Answers = dict(assessment.answers)
    if answer is None:
        answers.pop(item.key, None)
    else:
        answers[item.key] = answer
    Assessment.objects.filter(pk=assessment.pk, state=Assessment.State.DRAFT).update(
        answers=answers, revision=F("revision") + 1, changed_at=at
    )
    assessment.answers = answers
    assessment.revision += 1
    return assessment


@transaction.atomic
def finish_link(link: PatientLink, *, at: datetime) -> Result:
    """Score what was answered and lock it; the link is used up. Raises UnfinishedError."""
    assessment = _assessment_of(link, at)
    day = today_at(zone_of(link.patient.location), at)
    result = finish(assessment, at=at, revision=assessment.revision, taken_on=day)
    used = PatientLink.objects.filter(pk=link.pk, finished_at=None).update(finished_at=at)
    if not used:
        raise LinkError("This questionnaire has been answered already. Thank you.")
    link.finished_at = at
    if result.alerts:
        _tell_of_alert(assessment)
    return result


def instrument_of(link: PatientLink) -> Instrument:
    return get_instrument(link.code, link.instrument_version)


def answers_of(link: PatientLink) -> Answers:
    """Answer what the patient has answered so far, and what they named another time."""
    if link.assessment is not None:
        return dict(link.assessment.answers)
    return first_answers(link.patient, instrument_of(link))


def scored_so_far(link: PatientLink, *, at: datetime) -> Result:
    day = today_at(zone_of(link.patient.location), at)
    return score(instrument_of(link), answers_of(link), person_on(link.patient, day))


def first_name(patient: Patient) -> str:
    """Answer what a patient is greeted by: the name they go by, or the first of their given names."""
    names = (patient.preferred_name or patient.given_names).split()
    return names[0] if names else ""


def _assessment_of(link: PatientLink, at: datetime) -> Assessment:
    """Answer the draft behind the link, locked until the transaction ends: two tabs, one draft."""
    locked = PatientLink.objects.select_for_update(of=("self",)).get(pk=link.pk)
    if locked.finished_at is not None:
        raise LinkError("This questionnaire has been answered already. Thank you.")
    if locked.assessment_id is not None:
        link.assessment = Assessment.objects.select_related("patient", "patient__location").get(
            pk=locked.assessment_id
        )
        return link.assessment
    link.assessment = Assessment.objects.create(
        patient=link.patient,
        author_name=BY_PATIENT,
        by_patient=True,
        code=link.code,
        instrument_version=link.instrument_version,
        answers=first_answers(link.patient, instrument_of(link)),
        taken_on=today_at(zone_of(link.patient.location), at),
    )
    PatientLink.objects.filter(pk=link.pk).update(assessment=link.assessment, opened_at=at)
    return link.assessment


def _checked_address(email: str) -> str:
    address = email.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise NoAddressError("Enter the e-mail address the link is to go to.") from error
    return address


def _tell_of_alert(assessment: Assessment) -> None:
    from clinical.measures.tasks import tell_of_alert

    scope = current_scope()
    transaction.on_commit(
        partial(tell_of_alert.delay_for, scope.tenant_id, str(assessment.pk)),
        using=scope.alias,
        robust=True,
    )


def _post(link: PatientLink) -> None:
    from clinical.measures.tasks import send_link

    scope = current_scope()
    transaction.on_commit(
        partial(send_link.delay_for, scope.tenant_id, str(link.pk)), using=scope.alias, robust=True
    )
