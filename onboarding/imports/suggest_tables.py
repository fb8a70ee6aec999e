"""Which table holds the patients, which the appointments, which what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from onboarding.imports.naming import likeness
from onboarding.imports.targets import ENTITIES, NOT_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from onboarding.imports.mapping import FieldRule
    from onboarding.imports.structure import TableStructure
    from onboarding.imports.targets import Entity, Target

LEAST = 0.5
"""A field's suggestion below this is not made: its text is kept with the record."""
LEAST_TABLE = 0.37
MOST_CONFIGURATION = 1_000
"""A table with more records than this is not configuration."""
NAMED = 0.6


class _Candidate(Protocol):
    @property
    def target(self) -> Target: ...
    @property
    def confidence(self) -> float: ...


@dataclass(frozen=True)
class TableEvidence:
    """A table that has records, with its profile."""

    structure: TableStructure
    profile: Mapping[str, Any]
    fields: Mapping[int, Mapping[str, Any]]

    @property
    def id(self) -> int:
        return self.structure.id

    @property
    def name(self) -> str:
        return self.structure.name

    @property
    def records(self) -> int:
        return int(self.profile["records"] - self.profile["blank"])


def choose_tables(
    tables: Sequence[TableEvidence],
    candidates: Callable[[TableEvidence, Entity], Iterable[_Candidate]],
) -> dict[int, tuple[str, float]]:
    """Answer table id → (entity, confidence); one table for each entity, the best one."""
    scored = []
    for table in tables:
        for entity in ENTITIES.values():
            found = {c.target.name: c.confidence for c in reversed(list(candidates(table, entity)))}
            score = _score(table, entity, found)
            if score:
                scored.append((score, table.id, entity.name))
    scored.sort(key=lambda row: (-row[0], row[1]))
    chosen: dict[int, tuple[str, float]] = {}
    taken: set[str] = set()
    for score, table_id, entity_name in scored:
        if table_id in chosen or entity_name in taken:
            continue
        chosen[table_id] = (entity_name, round(score, 2))
        taken.add(entity_name)
    return chosen


def _score(table: TableEvidence, entity: Entity, found: Mapping[str, float]) -> float:
    named = likeness(table.name, entity.words, "")
    if table.name.lower().startswith(("zz", "z_", "old")):
        named *= 0.3
    core = _CORES[entity.name](found, named)
    if not core:
        return 0.0
    if entity.order < 5 and (named < NAMED or table.records > MOST_CONFIGURATION):  # noqa: PLR2004
        return 0.0
    score = 0.5 * named + 0.5 * core
    if entity.name == "patient":
        if likeness(table.name, NOT_PEOPLE, "") >= NAMED:
            return 0.0
        score = max(score, 0.75 * core)
    return min(score, 0.98) if score >= LEAST_TABLE else 0.0


def _patient(found: Mapping[str, float], named: float) -> float:
    if {"given_names", "family_name"} <= set(found):
        core = 0.6
    elif found.keys() & {"family_name", "full_name", "given_names"}:
        core = 0.4
    else:
        return 0.0
    groups = (
        {"date_of_birth"},
        {"phone", "mobile", "home_phone", "work_phone", "email"},
        {"home_lines", "home_suburb", "home_postcode", "other_lines", "postal_lines"},
        {"sex", "title"},
        {"medicare", "ndis", "dva", "ihi", "other_number"},
    )
    more = sum(bool(group & found.keys()) for group in groups)
    if not more and named < NAMED:
        return 0.0
    return min(1.0, core + 0.1 * more)


def _appointment(found: Mapping[str, float], named: float) -> float:
    if not found.keys() & {"date", "starts_at"}:
        return 0.0
    if "patient" not in found and named < NAMED:
        return 0.0
    core = 0.5 + 0.25 * ("patient" in found)
    about = {"start_time", "practitioner", "location", "appointment_type", "status", "end_time"}
    return min(1.0, core + 0.08 * len(about & found.keys()))


def _configuration(*more: str) -> Callable[[Mapping[str, float], float], float]:
    def core(found: Mapping[str, float], _named: float) -> float:
        if not found.keys() & {"name", "family_name", "given_names"}:
            return 0.0
        return min(1.0, 0.6 + 0.15 * len(found.keys() & set(more)))

    return core


_CORES: Mapping[str, Callable[[Mapping[str, float], float], float]] = {
    "patient": _patient,
    "appointment": _appointment,
    "location": _configuration("phone", "address", "colour", "short_name", "is_active"),
    "practitioner": _configuration("discipline", "colour", "title", "family_name"),
    "appointment_type": _configuration("duration_minutes", "colour", "is_active"),
    "funding_type": _configuration("is_active"),
}


def entity_reason(table: TableEvidence, entity: Entity, fields: Sequence[FieldRule]) -> str:
    """Say in one sentence why the table is taken for this entity."""
    sure = {rule.to for rule in fields if rule.confidence >= NAMED}
    labels = [target.label.lower() for target in entity.targets if target.name in sure]
    shown = ", ".join(labels[:5])
    named = likeness(table.name, entity.words, "") >= NAMED
    opening = f"The table is named “{table.name}”" if named else "Its fields say so"
    return f"{opening}: it holds {shown}." if shown else f"{opening}."
