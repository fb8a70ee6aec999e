"""The verbs about rules and reminders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.decision_support.conditions import KINDS
from clinical.decision_support.models import Prompt, PromptDecision, Rule
from clinical.decision_support.rules import DESK, ROLES, is_for
from clinical.decision_support.standard import STANDARD
from clinical.measures.instruments import all_instruments
from clinical.practice.rules import require

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from accounts.models import User

REASON_LENGTH = 300
MOST_CONDITIONS = 8
FIELDS = frozenset(
    {"name", "text", "match", "conditions", "severity", "in_header", "in_diary", "roles",
     "is_active"}
)  # fmt: skip


class RuleError(ValueError):
    """The rule cannot be kept like this; the message is for a person."""


class PromptError(ValueError):
    """What was asked for cannot be done to this reminder; the message is for a person."""


@transaction.atomic
def keep_rule(
    rule: Rule | None, *, actor: User, fields: Mapping[str, Any], seen: int | None = None
) -> Rule:
    """Add a rule, or change one; `seen` is the version the person read."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    if unknown := set(fields) - FIELDS:
        raise TypeError(f"Not a field that people set: {', '.join(sorted(unknown))}")
    if rule is None:
        rule = Rule(version=0)
    else:
        rule = Rule.objects.select_for_update().get(pk=rule.pk)
        if seen is not None and seen != rule.version:
            raise RuleError(
                "Somebody else has changed this rule in the meantime. Open it again and repeat "
                "your change."
            )
    for name, value in fields.items():
        setattr(rule, name, value.strip() if isinstance(value, str) else value)
    _check(rule)
    rule.version += 1
    rule.changed_by = actor.name
    rule.save()
    for_desk = any(role in DESK for role in rule.roles)
    Prompt.objects.filter(rule=rule).exclude(is_for_desk=for_desk).update(is_for_desk=for_desk)
    return rule


@transaction.atomic
def switch_rule(rule: Rule, *, actor: User, is_active: bool) -> Rule:
    """Take a rule into use or out of it. Its reminders wait, and come back with it."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    rule.is_active, rule.changed_by = is_active, actor.name
    rule.save(update_fields=["is_active", "changed_by", "changed_at"])
    return rule


def delete_rule(rule: Rule, *, actor: User) -> None:
    """Delete a rule with its reminders."""
    require(actor, Action.DELETE, Resource.SETTINGS)
    rule.delete()


@transaction.atomic
def add_standard_rules(*, actor: User) -> int:
    """Add the rules that Nexus brings along, switched off; answers how many were not there yet."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    there = set(Rule.objects.exclude(standard_key="").values_list("standard_key", flat=True))
    new = [
        Rule(**kept, changed_by=actor.name)
        for kept in STANDARD
        if kept["standard_key"] not in there
    ]
    for rule in new:
        _check(rule)
    Rule.objects.bulk_create(new)
    return len(new)


@transaction.atomic
def snooze_prompt(
    prompt: Prompt, *, actor: User, at: datetime, until: date, today: date, reason: str
) -> Prompt:
    """Put a reminder off until a day."""
    if until <= today:
        raise PromptError("Choose a day that is still to come.")
    return _settle(
        prompt, Prompt.State.SNOOZED, f"Put off until {until:%-d %b %Y}", actor=actor, at=at,
        reason=reason, until=until,
    )  # fmt: skip


@transaction.atomic
def dismiss_prompt(prompt: Prompt, *, actor: User, at: datetime, reason: str) -> Prompt:
    """Say that nothing follows from a reminder. It comes again only after it was not true."""
    if not reason.strip():
        raise PromptError("Say why nothing follows from it: the reason is kept.")
    return _settle(prompt, Prompt.State.DISMISSED, "Dismissed", actor=actor, at=at, reason=reason)


@transaction.atomic
def reopen_prompt(prompt: Prompt, *, actor: User, at: datetime) -> Prompt:
    """Show a reminder again that was put off or dismissed."""
    return _settle(prompt, Prompt.State.OPEN, "Shown again", actor=actor, at=at, reason="")


def _settle(
    prompt: Prompt, state: Prompt.State, what: str, *, actor: User, at: datetime, reason: str,
    until: date | None = None,
) -> Prompt:  # fmt: skip
    require(actor, Action.CHANGE, Resource.PATIENTS)
    if not is_for(actor, prompt):
        raise PermissionDenied("This reminder is not for the actor's role.")
    prompt.state, prompt.snoozed_until = state, until
    prompt.reason = reason.replace("\x00", "").strip()[:REASON_LENGTH]
    prompt.settled_by, prompt.settled_at = actor.name, at
    prompt.save(update_fields=["state", "snoozed_until", "reason", "settled_by", "settled_at"])
    PromptDecision.objects.create(
        prompt=prompt, what=what, reason=prompt.reason, by_name=actor.name, at=at
    )
    return prompt


def _check(rule: Rule) -> None:
    if not rule.name or not rule.text:
        raise RuleError("Give the rule a name, and write what the reminder says.")
    if not rule.conditions:
        raise RuleError("Choose at least one condition.")
    if len(rule.conditions) > MOST_CONDITIONS:
        raise RuleError(f"A rule has at most {MOST_CONDITIONS} conditions.")
    if not rule.roles or set(rule.roles) - {str(role) for role in ROLES}:
        raise RuleError("Choose for whom the reminder is.")
    if not rule.in_header and not rule.in_diary:
        raise RuleError("Choose where the reminder is shown: in the record, in the diary or both.")
    _check_conditions(rule.conditions)
    clinical = [
        KINDS[kept["kind"]].label for kept in rule.conditions if KINDS[kept["kind"]].is_clinical
    ]
    if clinical and any(role in DESK for role in rule.roles):
        raise RuleError(
            f"“{clinical[0]}” says something that stands in the clinical record. Such a reminder "
            "cannot be for reception or accounts."
        )


def _check_conditions(conditions: Sequence[Mapping[str, Any]]) -> None:
    for kept in conditions:
        kind = KINDS.get(kept.get("kind", ""))
        if kind is None:
            raise RuleError("One of the conditions is of a kind that is not known here.")
        if "number" in kind.needs and not isinstance(kept.get("number"), int):
            raise RuleError(f"“{kind.label}” needs a number.")
        code = kept.get("code", "")
        if "compare" in kind.needs and not code:
            raise RuleError(f"“{kind.label}”: choose a measure.")
        if code and code not in all_instruments():
            raise RuleError(f"There is no measure {code}.")
        if "words" in kind.needs and not kept.get("words", "").strip():
            raise RuleError(f"“{kind.label}” needs words or codes, with commas between.")
