"""Who is behind a visitor's session: asked of the access, the visit and the operator at every request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from accounts.visitors import VISIT
from support.models import Visit
from support.services import SupportError, actor_of, check_open
from support.standing import operator_stands
from tenants.scope import act_as

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest


def person_of_visit(request: HttpRequest) -> User | None:
    """Answer the visitor of the session, with what they were let in for; None once it is over."""
    at = timezone.now()
    visit = running_visit(str(request.session.get(VISIT, "")), at=at)
    if visit is None:
        return None
    is_there = not getattr(request.session, "in_background", False)
    if not operator_stands(visit.operator_id, visit.operator_session, at=at, is_there=is_there):
        return None
    people = User._base_manager.filter(pk=visit.operator_id, role=User.VISITOR)  # noqa: SLF001 - `objects` leaves visitors out
    person: User | None = people.first()
    if person is None:
        return None
    person.role = f"visit.{visit.access.mode}"
    person.is_active = True
    person.otp_device = person.visit = visit
    person.get_role_display = lambda: "Nexus support"  # type: ignore[method-assign]
    act_as(replace(actor_of(visit), hand=visit.access.mode))
    return person


def running_visit(pk: str, *, at: datetime) -> Visit | None:
    """Answer a visit that has begun and may go on."""
    try:
        wanted = UUID(pk)
    except ValueError:
        return None
    running = Visit.objects.select_related("access").filter(pk=wanted, ended_at=None)
    visit = running.exclude(entered_at=None).first()
    if visit is None:
        return None
    try:
        check_open(visit.access, at=at)
    except SupportError:
        return None
    return visit
