"""The verbs about people's rights: requests with a clock, restrictions, holds, copies, erasures by two."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from clinical.patients.models import Patient
from clinical.practice.rules import require
from clinical.rights.checks import verdict_on
from clinical.rights.models import (
    Erasure,
    LegalHold,
    PersonExport,
    ResearchExtract,
    Restriction,
    RetentionFact,
    RightsRequest,
    RightsSettings,
    Statement,
)
from clinical.rights.policy import jurisdictions, policy_of
from clinical.rights.retention import kept_of
from tenants import jobs
from tenants.jobs import JobError
from tenants.storage import clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from accounts.models import User
    from clinical.rights.policy import Policy
    from tenants.models import Tenant

Kind, State = RightsRequest.Kind, RightsRequest.State
MOST_AT_ONCE = 500
"""So many records are destroyed by one order: two people have to look at each."""


class RightsError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


# ── requests ─────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def receive_request(
    patient: Patient,
    kind: str,
    *,
    actor: User,
    asked_on: date,
    today: date,
    policy: Policy,
    words: str = "",
    asked_by: str = "",
) -> RightsRequest:
    """Write a request down; from the day it was asked the days count."""
    require(actor, Action.CREATE, Resource.PRIVACY)
    if asked_on > today:
        raise RightsError("The day it was asked cannot lie ahead.")
    if kind not in Kind.values:
        raise RightsError("Choose what is asked for.")
    if kind in {Kind.CORRECTION, Kind.RESTRICTION} and not words.strip():
        raise RightsError("Write down what the person asks for.")
    return RightsRequest.objects.create(
        patient=patient,
        kind=kind,
        asked_on=asked_on,
        due_on=asked_on + timedelta(days=policy.days(kind)),
        words=words.strip(),
        asked_by=asked_by.strip(),
        recorded_by=actor.name,
    )


@transaction.atomic
def decide_request(
    request: RightsRequest,
    state: str,
    *,
    actor: User,
    on: date,
    reason: str = "",
    statement: str = "",
    about: str = "",
) -> RightsRequest:
    """Close a request: done, refused with its reason, or withdrawn.

    Where a correction is refused, the person's statement is attached to the record if they gave one.
    """
    require(actor, Action.CHANGE, Resource.PRIVACY)
    request = RightsRequest.objects.select_for_update().get(pk=request.pk)
    if not request.is_open:
        raise RightsError("This request is answered already.")
    if state not in {State.DONE, State.REFUSED, State.WITHDRAWN}:
        raise RightsError("Choose what became of it.")
    if state == State.REFUSED and not reason.strip():
        raise RightsError("A refusal needs its reason in words: the person is told it.")
    request.state, request.decided_on, request.decided_by = state, on, actor.name
    request.reason = reason.strip()
    request.save()
    if statement.strip():
        attach_statement(
            request.patient, statement, actor=actor, on=on, about=about, request=request
        )
    return request


def attach_statement(
    patient: Patient,
    text: str,
    *,
    actor: User,
    on: date,
    about: str = "",
    request: RightsRequest | None = None,
) -> Statement:
    """Put the person's own words beside the record."""
    require(actor, Action.CHANGE, Resource.PRIVACY)
    return Statement.objects.create(
        patient=patient, request=request, text=text.strip(), about=about.strip(),
        attached_on=on, attached_by=actor.name,
    )  # fmt: skip


# ── restrictions, holds, facts ───────────────────────────────────────────────────────────────────


@transaction.atomic
def restrict_uses(
    patient: Patient,
    uses: Iterable[str],
    *,
    actor: User,
    at: datetime,
    policy: Policy,
    reason: str = "",
    request: RightsRequest | None = None,
) -> Restriction:
    """Stop uses of the person's information from now on."""
    require(actor, Action.CHANGE, Resource.PRIVACY)
    wanted = sorted(set(uses))
    if not wanted or set(wanted) - {use.key for use in policy.uses}:
        raise RightsError("Choose what is to stop.")
    return Restriction.objects.create(
        patient=patient, request=request, uses=wanted, reason=reason.strip(), began_at=at,
        began_by=actor.name,
    )  # fmt: skip


def end_restriction(restriction: Restriction, *, actor: User, at: datetime) -> None:
    require(actor, Action.CHANGE, Resource.PRIVACY)
    Restriction.objects.filter(pk=restriction.pk, ended_at=None).update(
        ended_at=at, ended_by=actor.name
    )


def place_hold(
    patient: Patient, *, actor: User, at: datetime, why: str, until: date | None = None
) -> LegalHold:
    """Keep a record from being destroyed, whatever its age."""
    require(actor, Action.CREATE, Resource.PRIVACY)
    if not why.strip():
        raise RightsError("Write down why the record must be held.")
    if until is not None and until < timezone.localdate(at):
        raise RightsError("The last day lies in the past.")
    return LegalHold.objects.create(
        patient=patient, why=why.strip(), until=until, placed_by=actor.name, placed_at=at
    )


def lift_hold(hold: LegalHold, *, actor: User, at: datetime, reason: str) -> None:
    require(actor, Action.CHANGE, Resource.PRIVACY)
    if not reason.strip():
        raise RightsError("Write down why the hold is lifted.")
    LegalHold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_at=at, lifted_by=actor.name, lift_reason=reason.strip()
    )


def note_retention_fact(
    patient: Patient, *, actor: User, died_on: date | None, is_for_life: bool, note: str = ""
) -> RetentionFact:
    """Note what decides how long the record is kept: a death, an impairment."""
    require(actor, Action.CHANGE, Resource.PRIVACY)
    if died_on and patient.date_of_birth and died_on < patient.date_of_birth:
        raise RightsError("The day of death lies before the birth.")
    fact, _made = RetentionFact.objects.update_or_create(
        patient=patient,
        defaults={
            "died_on": died_on, "is_for_life": is_for_life, "note": note.strip(),
            "recorded_by": actor.name,
        },
    )  # fmt: skip
    return fact


def choose_jurisdiction(code: str, *, actor: User, contact: str = "") -> RightsSettings:
    require(actor, Action.CHANGE, Resource.PRIVACY)
    if code not in jurisdictions():
        raise RightsError("Choose a jurisdiction of the list.")
    kept, _made = RightsSettings.objects.update_or_create(
        only=True, defaults={"jurisdiction": code, "contact": contact.strip()}
    )
    return kept


# ── copies ───────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def ask_for_copy(
    patient: Patient,
    *,
    actor: User,
    tenant: Tenant,
    with_files: bool = True,
    request: RightsRequest | None = None,
) -> PersonExport:
    """Have a copy of the record made for the person, in the background."""
    require(actor, Action.EXPORT, Resource.PRIVACY)
    waiting = PersonExport.objects.filter(patient=patient, state=PersonExport.State.WAITING)
    if waiting.exists():
        raise RightsError("A copy of this record is being made already.")
    export = PersonExport.objects.create(
        patient=patient, request=request, with_files=with_files, asked_by=actor.name,
        asked_by_id=str(actor.pk),
    )  # fmt: skip
    _ask("rights_copy", tenant, actor, export=str(export.pk))
    return export


def note_download(export: PersonExport) -> None:
    """Put on record that the copy was fetched."""
    record(
        "export",
        object_type=PersonExport._meta.db_table,
        object_id=str(export.pk),
        subject_id=str(export.patient_id),
        payload={"section": "own copy"},
    )


def delete_copy(export: PersonExport) -> None:
    if export.storage_key:
        clinic_storage().delete(export.storage_key)
    PersonExport.objects.filter(pk=export.pk).update(
        state=PersonExport.State.DELETED, storage_key="", size=None
    )


# ── erasure by two people ────────────────────────────────────────────────────────────────────────


@transaction.atomic
def ask_for_erasure(
    patients: Sequence[Patient],
    *,
    actor: User,
    at: datetime,
    policy: Policy,
    basis: str,
    reason: str,
) -> Erasure:
    """Ask that records be destroyed. Nothing happens until somebody else has approved it."""
    require(actor, Action.DELETE, Resource.PRIVACY)
    if not patients:
        raise RightsError("Choose at least one record.")
    if len(patients) > MOST_AT_ONCE:
        raise RightsError(f"Choose at most {MOST_AT_ONCE} records at once.")
    if not reason.strip():
        raise RightsError("Write down why.")
    people = [patient.pk for patient in patients]
    waiting = Erasure.objects.filter(
        state__in=[Erasure.State.ASKED, Erasure.State.APPROVED], people__overlap=people
    )
    if waiting.exists():
        raise RightsError("Somebody has asked for the erasure of one of them already.")
    if basis == Erasure.Basis.RETENTION:
        kept = kept_of(people, policy.retention, today=timezone.localdate(at))
        early = [one for one in kept.values() if not one.is_due(timezone.localdate(at))]
        if early:
            raise RightsError(f"Patient {early[0].number} must be kept: {early[0].why}.")
    for patient in patients:
        verdict = verdict_on(patient, policy, now=at)
        if not verdict.is_lawful:
            raise RightsError(f"Patient {patient.number}: {verdict.obstacles[0].words}")
    return Erasure.objects.create(
        basis=basis, reason=reason.strip(), people=people, asked_by=actor.name,
        asked_by_id=str(actor.pk), asked_at=at,
    )  # fmt: skip


@transaction.atomic
def approve_erasure(order: Erasure, *, actor: User, at: datetime, tenant: Tenant) -> Erasure:
    """Let an erasure run: by another person than who asked for it."""
    require(actor, Action.DELETE, Resource.PRIVACY)
    order = _decided(order, Erasure.State.APPROVED, actor, at)
    policy = policy_of(tenant)
    for patient in Patient.objects.filter(pk__in=order.people):
        verdict = verdict_on(patient, policy, now=at)
        if not verdict.is_lawful:
            raise RightsError(f"Patient {patient.number}: {verdict.obstacles[0].words}")
    _ask("rights_erase", tenant, actor, erasure=str(order.pk))
    return order


def take_up_again(order: Erasure, *, actor: User, tenant: Tenant) -> None:
    """Let an approved erasure that has stopped go on where it stopped; both people stay as they were."""
    require(actor, Action.DELETE, Resource.PRIVACY)
    if order.state != Erasure.State.APPROVED:
        raise RightsError("There is nothing to go on with.")
    _ask("rights_erase", tenant, actor, erasure=str(order.pk))


@transaction.atomic
def decline_erasure(order: Erasure, *, actor: User, at: datetime) -> Erasure:
    """Let nothing come of it; who asked may do so too."""
    require(actor, Action.DELETE, Resource.PRIVACY)
    order = Erasure.objects.select_for_update().get(pk=order.pk)
    if order.state != Erasure.State.ASKED:
        raise RightsError("Somebody has decided on this already.")
    order.state, order.finished_at, order.decided_at = Erasure.State.DECLINED, at, at
    order.decided_by = actor.name
    order.people = []
    order.save()
    return order


def _decided(order: Erasure, state: str, actor: User, at: datetime) -> Erasure:
    order = Erasure.objects.select_for_update().get(pk=order.pk)
    if order.state != Erasure.State.ASKED:
        raise RightsError("Somebody has decided on this already.")
    if order.asked_by_id == str(actor.pk):
        raise RightsError("A second person must approve what you have asked for.")
    order.state, order.decided_by, order.decided_by_id = state, actor.name, str(actor.pk)
    order.decided_at = at
    try:
        with transaction.atomic():
            order.save()
    except IntegrityError:
        raise RightsError("A second person must approve what you have asked for.") from None
    return order


# ── research ─────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def ask_for_extract(
    *, actor: User, tenant: Tenant, purpose: str, fields: Sequence[str], k: int, policy: Policy
) -> ResearchExtract:
    """Have figures about many people made, in which nobody can be told from k - 1 others."""
    require(actor, Action.EXPORT, Resource.PRIVACY)
    least = int(policy.said["research"]["least_k"])
    if k < least:
        raise RightsError(f"At least {least} people must look alike.")
    if not purpose.strip() or not fields:
        raise RightsError("Write down what for, and choose at least one field.")
    extract = ResearchExtract.objects.create(
        purpose=purpose.strip(), fields=list(fields), k=k, asked_by=actor.name
    )
    _ask("rights_extract", tenant, actor, extract=str(extract.pk))
    return extract


def _ask(kind: str, tenant: Tenant, actor: User, **params: str) -> None:
    """Hand work to the platform's jobs; its row holds ids of our own rows and nothing of patients."""
    try:
        jobs.ask(kind, tenant, asked_by=actor.name, asked_from="clinic", **params)
    except JobError as error:
        raise RightsError(str(error)) from error


def read_ids(texts: Iterable[str]) -> list[UUID]:
    """Read ids as a form sends them; others are left out."""
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
