"""Asking, letting in, coming in, leaving. All of it runs in the clinic's scope, as the clinic's own code.

Each verb writes the access, its copy for the operators and its events in one transaction: what cannot
be told does not happen.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.db import transaction

from accounts.models import Session, User
from audit.services import record
from support.desk.mirror import is_shut, mirror
from support.models import EMERGENCY, Access, Visit
from support.standing import operator_stands
from support.telling import NobodyToTellError, tell_owners
from tenants.scope import Actor, act_as, current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

Kind, State, Mode, Letter = Access.Kind, Access.State, Access.Mode, Access.Letter

MINUTES = (30, 60, 120, 240, 480)
HAND_OVER_SECONDS = 60
TIME = "time"
_SALT = "support.hand_over"


class SupportError(Exception):
    """It cannot be done; the message says why, to a person."""


class HandOverError(SupportError):
    """The link opens nothing, or not any more."""


@dataclass(frozen=True)
class Operator:
    """Who of the platform acts: a row of the operators' own table, signed in twice."""

    id: UUID
    name: str
    session: str
    """The digest of the key of their session on the operators' host."""

    @property
    def label(self) -> str:
        return f"{self.name} (Nexus support)"

    def actor_as(self, before: Actor) -> Actor:
        """Name them to a clinic's trail, in the request that `before` stands for."""
        return replace(before, id=str(self.id), label=self.label, impersonator="", reach="")


@transaction.atomic
def ask_for_access(
    *, operator: Operator, reason: str, mode: str, minutes: int, at: datetime
) -> Access:
    """Ask the owners to let the operator in. Raises SupportError."""
    _check_terms(reason, minutes)
    if Access.objects.filter(operator_id=operator.id, state=State.ASKED).exists():
        raise SupportError("You have asked this clinic already; its owners have not answered yet.")
    access = Access(
        kind=Kind.ASKED, state=State.ASKED, reason=reason, mode=mode, minutes=minutes,
        operator_id=operator.id, operator_name=operator.name, asked_at=at,
    )  # fmt: skip
    tell_owners(access, Letter.ASKED)
    return _keep(access, "support.asked", mode=mode, minutes=minutes)


@transaction.atomic
def grant_access(access: Access, *, actor: User, mode: str, minutes: int, at: datetime) -> Access:
    """Let the operator in who has asked, from now on and for so long. Raises SupportError."""
    access = _locked(access)
    _check_terms(access.reason, minutes)
    if access.state != State.ASKED:
        raise SupportError("This has been answered already.")
    access.state, access.mode, access.minutes = State.GRANTED, mode, minutes
    _decide(access, actor, at)
    return _keep(access, "support.granted", mode=mode, minutes=minutes)


@transaction.atomic
def decline_access(access: Access, *, actor: User, at: datetime) -> Access:
    access = _locked(access)
    if access.state != State.ASKED:
        raise SupportError("This has been answered already.")
    access.state, access.letter = State.DECLINED, Letter.NONE
    access.decided_by, access.decided_by_id, access.decided_at = actor.name, actor.pk, at
    return _keep(access, "support.declined")


@transaction.atomic
def offer_access(*, actor: User, reason: str, mode: str, minutes: int, at: datetime) -> Access:
    """Let in whoever of the platform is on duty, without being asked. Raises SupportError."""
    _check_terms(reason, minutes)
    access = Access(
        kind=Kind.OFFERED, state=State.GRANTED, reason=reason, mode=mode, minutes=minutes,
        asked_at=at,
    )  # fmt: skip
    _decide(access, actor, at)
    return _keep(access, "support.granted", mode=mode, minutes=minutes)


@transaction.atomic
def open_in_emergency(*, operator: Operator, reason: str, at: datetime) -> Access:
    """Let an operator in at once, to look, for an hour; the owners are told in the same transaction.

    Raises NobodyToTellError, or what else keeps the notice from being kept: then nobody comes in.
    """
    minutes = int(EMERGENCY.total_seconds() // 60)
    _check_terms(reason, minutes)
    access = Access(
        kind=Kind.EMERGENCY, state=State.GRANTED, reason=reason, mode=Mode.READS, minutes=minutes,
        operator_id=operator.id, operator_name=operator.name, asked_at=at, decided_at=at,
        ends_at=at + EMERGENCY,
    )  # fmt: skip
    tell_owners(access, Letter.EMERGENCY)
    return _keep(access, "support.emergency", minutes=minutes)


@transaction.atomic
def end_access(access: Access, *, by: str, at: datetime) -> Access:
    """End it: whoever is in is out with their next request, and their sessions are gone.

    `by` names who ended it, or is TIME. A request that was not answered is withdrawn.
    """
    access = _locked(access)
    if access.state == State.ASKED:
        access.state, access.letter = State.WITHDRAWN, Letter.NONE
    elif access.state == State.GRANTED:
        access.state = State.ENDED
    else:
        return access
    access.ended_at, access.ended_by = at, by
    visits = list(access.visits.exclude(entered_at=None))
    access.visits.filter(ended_at=None).update(ended_at=at, ended_by=by)
    Session.objects.filter(user_id__in={visit.operator_id for visit in visits}).delete()
    if visits:
        with suppress(NobodyToTellError):  # who is out must not wait for somebody to hear of it
            tell_owners(access, Letter.ENDED)
    return _keep(access, "support.ended", by=by, visits=len(visits))


@transaction.atomic
def make_hand_over(access: Access, *, operator: Operator, at: datetime) -> str:
    """Answer the token that lets this operator in once, within a minute. Raises SupportError."""
    access = _locked(access)
    check_open(access, at=at)
    if access.operator_id not in (None, operator.id):
        raise SupportError(f"{access.operator_name} was let in, nobody else.")
    _stand_in(operator)
    secret = secrets.token_urlsafe(32)
    visit = Visit.objects.create(
        access=access, operator_id=operator.id, operator_name=operator.name,
        operator_session=operator.session, token_digest=_digest(secret), made_at=at,
    )  # fmt: skip
    return signing.dumps([str(visit.pk), secret], salt=_salt())


def visit_of_token(token: str, *, at: datetime) -> Visit:
    """Answer the visit a link stands for, while it is good. Raises HandOverError."""
    try:
        pk, secret = signing.loads(token, salt=_salt(), max_age=HAND_OVER_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        raise HandOverError(_BAD_LINK) from None
    fresh = Visit.objects.select_related("access").filter(
        pk=pk, token_digest=_digest(str(secret)), entered_at=None, ended_at=None,
        made_at__gt=at - timedelta(seconds=HAND_OVER_SECONDS),
    )  # fmt: skip
    visit = fresh.first()
    if visit is None:
        raise HandOverError(_BAD_LINK)
    try:
        check_open(visit.access, at=at)
    except SupportError as error:
        raise HandOverError(str(error)) from None
    if not operator_stands(visit.operator_id, visit.operator_session, at=at):
        raise HandOverError("You are not signed in at the operators' console any more.")
    return visit


@transaction.atomic
def enter(token: str, *, address: str | None, at: datetime) -> Visit:
    """Use a link up and come in; the scope acts as the visitor from here on. Raises HandOverError."""
    visit = visit_of_token(token, at=at)
    used = Visit.objects.filter(pk=visit.pk, entered_at=None, ended_at=None)
    act_as(actor_of(visit))
    if not used.update(entered_at=at, address=address):
        raise HandOverError(_BAD_LINK)
    visit.entered_at = at
    mirror(visit.access, entered_at=at)
    _record("support.entered", visit.access, reason=visit.access.reason, mode=visit.access.mode)
    return visit


@transaction.atomic
def leave(visit: Visit, *, at: datetime) -> None:
    """End one visit; the access stays open until its time."""
    with _own_hand():
        if Visit.objects.filter(pk=visit.pk, ended_at=None).update(
            ended_at=at, ended_by=visit.operator_name
        ):
            _record("support.left", visit.access)


def check_open(access: Access, *, at: datetime) -> None:
    """Raise SupportError unless somebody may come in by it now."""
    if access.state == State.ASKED:
        raise SupportError("The owners have not answered yet.")
    if access.state != State.GRANTED or access.ends_at is None or access.ends_at <= at:
        raise SupportError("This access is over. Ask again if you still need it.")
    if is_shut(access):
        raise SupportError("The clinic was closed meanwhile. Ask again if you still need it.")


def actor_of(visit: Visit) -> Actor:
    """Name a visitor to the trail: the operator, who let them in, and by which access."""
    access = visit.access
    by = access.decided_by or "nobody: an emergency"
    return replace(
        current_scope().actor,
        id=str(visit.operator_id),
        label=f"{visit.operator_name} (Nexus support)",
        impersonator=f"leave of {by}, support access {access.pk}",
        reach="all",
    )


_BAD_LINK = "This link is not good any more: it is for one use within a minute. Ask for another."


def _check_terms(reason: str, minutes: int) -> None:
    if not reason.strip():
        raise SupportError("Say why: the owners read it, and it stays on record.")
    if minutes not in MINUTES:
        raise SupportError("Choose a time of at most eight hours.")


def _decide(access: Access, actor: User, at: datetime) -> None:
    access.decided_by, access.decided_by_id, access.decided_at = actor.name, actor.pk, at
    access.ends_at = at + timedelta(minutes=access.minutes)
    access.letter = Letter.NONE


def _keep(access: Access, action: str, **facts: object) -> Access:
    access.save()
    mirror(access)
    _record(action, access, reason=access.reason, operator=access.operator_name, **facts)
    return access


def _record(action: str, access: Access, **facts: object) -> None:
    record(action, object_type="support_access", object_id=str(access.pk), payload=facts or None)


def _locked(access: Access) -> Access:
    return Access.objects.select_for_update().get(pk=access.pk)


def _stand_in(operator: Operator) -> None:
    """Keep a row that stands for the operator's name; nobody can ever sign in by it."""
    address = f"{operator.id.hex}@{settings.OPERATORS_SUBDOMAIN}.{settings.BASE_DOMAIN}"
    name = operator.label[:120]
    person, _made = User._base_manager.get_or_create(  # noqa: SLF001 - `objects` leaves visitors out
        pk=operator.id,
        defaults={
            "email": address,
            "name": name,
            "role": User.VISITOR,
            "is_active": False,
            "password": "!",
        },
    )
    if person.role != User.VISITOR:
        raise SupportError("There is somebody of the clinic under this operator's id.")
    if person.name != name:
        User._base_manager.filter(pk=operator.id).update(name=name)  # noqa: SLF001


@contextmanager
def _own_hand() -> Iterator[None]:
    """Act for the platform's own bookkeeping, which no visitor's hand may touch."""
    before = current_scope().actor
    act_as(replace(before, hand=""))
    try:
        yield
    finally:
        act_as(before)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _salt() -> str:
    return f"{_SALT}.{current_scope().key}"
