"""Who is shown which reminders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from accounts.models import User
from accounts.permissions import Action, Resource, allows
from clinical.decision_support.models import Prompt

if TYPE_CHECKING:
    from django.db.models import QuerySet

ROLES = (
    User.Role.OWNER,
    User.Role.ADMIN,
    User.Role.CLINICIAN,
    User.Role.RECEPTION,
    User.Role.BILLING,
)
DESK = (User.Role.RECEPTION, User.Role.BILLING)
"""Roles that read no notes: what a rule shows them must say nothing of what stands there."""


def reads_notes(actor: User) -> bool:
    return allows(actor, Action.VIEW, Resource.NOTES)


def visible_prompts(actor: User) -> QuerySet[Prompt]:
    """Those of rules that are in use, by the database's own wall too."""
    prompts = Prompt.objects.filter(rule__is_active=True)
    return prompts if reads_notes(actor) else prompts.filter(Q(is_for_desk=True))


def is_for(actor: User, prompt: Prompt) -> bool:
    return actor.role in prompt.rule.roles
