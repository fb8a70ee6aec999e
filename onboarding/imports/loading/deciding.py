"""Carries out what the clinic decided for words that stand for clinics, clinicians, types and payers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from onboarding.imports.decisions import scope_of_key
from onboarding.imports.loading.building.base import Built, Refused
from onboarding.imports.loading.keys import key_text
from onboarding.imports.targets import (
    APPOINTMENT_TYPE,
    ENTITIES,
    FUNDING_TYPE,
    LOCATION,
    PATIENT,
    PRACTITIONER,
    REFERRER,
)
from onboarding.imports.values.names import TITLES, split_name
from onboarding.imports.values.text import folded

if TYPE_CHECKING:
    from onboarding.imports.decisions import Decision
    from onboarding.imports.loading.reading import Value
    from onboarding.imports.mapping import MappingSpec, TableRule

LOOKUPS = (LOCATION, PRACTITIONER, APPOINTMENT_TYPE, FUNDING_TYPE)
"""Entities whose words a clinic decides one by one."""


class SetAsideError(Exception):
    """The record is not loaded, because the clinic decided so for a word in it."""

    def __init__(self, reason: str, *, outcome: str = "quarantined") -> None:
        super().__init__(reason)
        self.outcome = outcome


def name_key(entity: str, name: str) -> str:
    """Fold a name for comparing; a person's without titles, given name first."""
    if entity in {PATIENT, PRACTITIONER, REFERRER}:
        person = split_name(name).value
        if person is not None:
            name = f"{person.given} {person.middle} {person.family}"
        return " ".join(word for word in folded(name).split() if word not in TITLES)
    return folded(name)


def name_fields(rule: TableRule) -> list[int]:
    """Answer the fields that hold the name of a table's records, in the order of a name."""
    parts = [rule.to(target) for target in ("given_names", "family_name")]
    found = [rules[0].field_id for rules in parts if rules]
    for target in ("name", "full_name", "short_name"):
        if not found and rule.to(target):
            found = [rule.to(target)[0].field_id]
    return found


class Decided:
    """The decisions of one mapping, by what stands in a cell."""

    def __init__(self, spec: MappingSpec) -> None:
        self._made = spec.decisions

    def __bool__(self) -> bool:
        return bool(self._made)

    def of_name(self, entity: str, name: str) -> Decision | None:
        made = self._made.get(entity)
        return made.get(name_key(entity, name)) if made else None

    def of_value(self, entity: str, value: Value, name: str = "") -> Decision | None:
        """Answer what was decided for a cell; `name` is that of the record its number stands for."""
        via = value.rule.via
        if via and value.rule.how != "name":
            made = self._made.get(scope_of_key(entity, via.table_id, via.field_id))
            found = made.get(key_text(value.value)) if made else None
            if found is None and name:
                found = self.of_name(entity, name)
            if found:
                return found
        return self.of_name(entity, value.value)

    def heed(self, entity: str, built: Built | Refused) -> Built | Refused:
        """Let a record of a look-up table become what was decided for its name.

        Raises SetAsideError where it was decided that it becomes nothing.
        """
        if isinstance(built, Refused) or not built.name or entity not in LOOKUPS:
            return built
        decision = self.of_name(entity, built.name)
        if decision is None:
            return built
        label = ENTITIES[entity].label.lower()
        if decision.verdict == "quarantine":
            raise SetAsideError(f"Set aside: decided so for this {label}.")
        if decision.verdict == "empty":
            raise SetAsideError(f"Left out: decided so for this {label}.", outcome="skipped")
        if decision.verdict == "create" and decision.name:
            return replace(built, main={**built.main, "name": decision.name}, name=decision.name)
        return built
