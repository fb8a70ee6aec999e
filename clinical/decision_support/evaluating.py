"""Asking the rules: set by set, one statement for each condition however many patients there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clinical.decision_support.conditions import KINDS, Asked, Condition
from clinical.decision_support.models import Prompt, Rule
from clinical.decision_support.rules import DESK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID


@dataclass(frozen=True)
class Change:
    """What a look at the rules changed."""

    opened: int
    ended: int


def matches(rules: Sequence[Rule], asked: Asked) -> dict[tuple[UUID, UUID], list[str]]:
    """Answer why, for each rule and patient for whom it holds."""
    wanted = {rule.pk: [Condition.of(kept) for kept in rule.conditions] for rule in rules}
    answers: dict[Condition, Mapping[UUID, str]] = {
        condition: KINDS[condition.kind].ask(condition, asked)
        for condition in dict.fromkeys(one for some in wanted.values() for one in some)
        if condition.kind in KINDS
    }
    found = {}
    for rule in rules:
        said = [answers.get(condition, {}) for condition in wanted[rule.pk]]
        if not said:
            continue
        together = set.intersection if rule.match == Rule.Match.ALL else set.union
        for patient_id in together(*(set(answer) for answer in said)):
            found[rule.pk, patient_id] = [
                answer[patient_id] for answer in said if patient_id in answer
            ]
    return found


def refresh_prompts(
    patient_ids: Iterable[UUID], *, now: datetime, zone: tzinfo, rules: Sequence[Rule] | None = None
) -> Change:
    """Bring the reminders of these patients in line with the rules in use.

    One that was dismissed stays so until it is no longer true; then it may come again.
    """
    ids = list(patient_ids)
    if rules is None:
        rules = list(Rule.objects.filter(is_active=True))
    if not rules or not ids:
        return Change(0, 0)
    asked = Asked(ids, now, zone)
    found = matches(rules, asked)
    there = {
        (prompt.rule_id, prompt.patient_id): prompt
        for prompt in Prompt.objects.filter(rule__in=rules, patient__in=ids)
    }
    for_desk = {rule.pk: any(role in DESK for role in rule.roles) for rule in rules}
    new = [
        Prompt(
            rule_id=rule_id,
            patient_id=patient_id,
            because=because,
            is_for_desk=for_desk[rule_id],
            opened_at=now,
            checked_at=now,
        )
        for (rule_id, patient_id), because in found.items()
        if (rule_id, patient_id) not in there
    ]
    Prompt.objects.bulk_create(new, ignore_conflicts=True, batch_size=1000)
    reopened, changed, ended = [], [], []
    for key, prompt in there.items():
        if key not in found:
            if prompt.state != Prompt.State.OVER:
                ended.append(prompt.pk)
            continue
        is_back = prompt.state == Prompt.State.OVER
        is_woken = (
            prompt.state == Prompt.State.SNOOZED
            and prompt.snoozed_until is not None
            and prompt.snoozed_until <= asked.today
        )
        if is_back or is_woken:
            prompt.state, prompt.opened_at, prompt.snoozed_until = Prompt.State.OPEN, now, None
            reopened.append(prompt)
        if is_back or is_woken or prompt.because != found[key]:
            prompt.because, prompt.checked_at = found[key], now
            prompt.is_for_desk = for_desk[prompt.rule_id]
            changed.append(prompt)
    Prompt.objects.bulk_update(
        changed,
        ["state", "opened_at", "snoozed_until", "because", "checked_at", "is_for_desk"],
        batch_size=500,
    )
    Prompt.objects.filter(pk__in=ended).update(state=Prompt.State.OVER, checked_at=now)
    return Change(len(new) + len(reopened), len(ended))
