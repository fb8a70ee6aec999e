"""The verbs about templates, rules and how the clinic texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.messages.models import MessageTemplate, ReminderRule, TextSettings
from clinical.practice.rules import require

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models import User

TIMED = ("amount", "unit", "window_from", "window_until", "avoids_weekends")
"""With another of these a rule speaks of other moments: what was due by the old ones is over."""


class RuleError(ValueError):
    """What was asked for cannot be done; the message is for a person."""


@transaction.atomic
def save_template(
    template: MessageTemplate, *, actor: User, fields: dict[str, Any]
) -> MessageTemplate:
    """Write a template; what has gone out keeps its words."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    for name, value in fields.items():
        setattr(template, name, value)
    template.save()
    return template


@transaction.atomic
def retire_template(template: MessageTemplate, *, actor: User) -> None:
    """Take a template off the lists; raises RuleError while a rule sends it."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    used = ReminderRule.objects.filter(is_retired=False)
    if used.filter(template=template).exists() or used.filter(fallback=template).exists():
        raise RuleError("A reminder rule uses these words. Change the rule first.")
    MessageTemplate.objects.filter(pk=template.pk).update(
        is_active=False, name=f"{template.name} (until {template.changed_at:%Y-%m-%d %H:%M:%S})"
    )


@transaction.atomic
def save_rule(
    rule: ReminderRule, *, actor: User, at: datetime, fields: dict[str, Any]
) -> ReminderRule:
    """Write a rule. Switched on, or with other times, it speaks from now on: nothing is made up for."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    was_on = rule.is_on
    is_other = any(name in fields and getattr(rule, name) != fields[name] for name in TIMED)
    for name, value in fields.items():
        setattr(rule, name, value)
    if rule.is_on and (not was_on or is_other or rule.on_since is None):
        rule.on_since = at
    rule.save()
    return rule


def switch_rule(rule: ReminderRule, *, actor: User, at: datetime, is_on: bool) -> ReminderRule:
    """Let a rule send, or not."""
    return save_rule(rule, actor=actor, at=at, fields={"is_on": is_on})


def retire_rule(rule: ReminderRule, *, actor: User, at: datetime) -> ReminderRule:
    """Take a rule off the list; what it sent stays."""
    return save_rule(rule, actor=actor, at=at, fields={"is_on": False, "is_retired": True})


@transaction.atomic
def save_text_settings(*, actor: User, fields: dict[str, Any]) -> TextSettings:
    """Say when it is quiet, and what follows an answer."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    kept, _ = TextSettings.objects.update_or_create(only=True, defaults=fields)
    return kept
