"""Whether a mapping fits the file and can make records: every complaint, each by its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from onboarding.imports.decisions import scope_of_key
from onboarding.imports.manners import PLAIN, ways_of
from onboarding.imports.mapping import MappingError
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onboarding.imports.mapping import FieldRule, MappingSpec, TableRule
    from onboarding.imports.structure import Structure, TableStructure
    from onboarding.imports.targets import Entity, Target


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong, and where: `field_id` 0 is the whole table."""

    message: str
    table_id: int = 0
    field_id: int = 0


def check_spec(spec: MappingSpec, structure: Structure) -> None:
    """Raise MappingError where the spec does not fit the file or contradicts itself."""
    for complaint in complaints_of(spec, structure):
        raise MappingError(complaint.message)


def complaints_of(spec: MappingSpec, structure: Structure) -> Iterator[Complaint]:
    """Answer all that is wrong with the mapping, in the order of its tables."""
    for rule in spec.tables:
        table = structure.table(rule.table_id)
        if table is None:
            yield Complaint(f"The file has no table {rule.table_id}.", rule.table_id)
            continue
        if not rule.entity:
            continue
        entity = ENTITIES.get(rule.entity)
        if entity is None:
            message = f"Table {table.name}: there is no kind of record {rule.entity!r}."
            yield Complaint(message, rule.table_id)
            continue
        yield from _table(rule, table, entity, structure)


def _table(
    rule: TableRule, table: TableStructure, entity: Entity, structure: Structure
) -> Iterator[Complaint]:
    taken: dict[str, list[FieldRule]] = {}
    for field_rule in rule.fields:
        field = table.field(field_rule.field_id)

        def wrong(message: str, field_id: int = field_rule.field_id) -> Complaint:
            return Complaint(message, rule.table_id, field_id)

        if field is None:
            yield wrong(f"Table {table.name} has no field {field_rule.field_id}.")
            continue
        if not field_rule.is_mapped:
            continue
        place = f"{table.name}::{field.name}"
        target = entity.by_name.get(field_rule.to)
        if target is None:
            yield wrong(f"{place}: no target {field_rule.to!r}.")
            continue
        before = taken.setdefault(target.name, [])
        if before and not target.many and not _joined([*before, field_rule]):
            yield wrong(
                f"{table.name}: two fields go to {target.label}, which holds one. "
                "Join them, or choose another place for one of them."
            )
        before.append(field_rule)
        yield from (wrong(message) for message in _reading(place, field_rule, target, structure))
    yield from _constants(rule, table, entity, taken)
    for message in _missing(table.name, entity, {*taken, *dict(rule.constants)}):
        yield Complaint(message, rule.table_id)


def _joined(rules: list[FieldRule]) -> bool:
    """All but one say how they are joined to what stands before them."""
    return sum(rule.manner.glue is None for rule in rules) <= 1


def _reading(place: str, rule: FieldRule, target: Target, structure: Structure) -> Iterator[str]:
    if rule.how and rule.how not in dict(ways_of(target)):
        yield f"{place}: cannot be read as {rule.how!r}."
    if rule.via:
        other = structure.table(rule.via.table_id)
        if other is None or other.field(rule.via.field_id) is None:
            yield f"{place}: refers to a field the file does not have."
    if target.refers_to and rule.manner != PLAIN and rule.manner.glue is not None:
        yield f"{place}: a reference cannot be joined with another field."


def _constants(
    rule: TableRule, table: TableStructure, entity: Entity, taken: dict[str, list[FieldRule]]
) -> Iterator[Complaint]:
    for name, _ in rule.constants:
        target = entity.by_name.get(name)
        if target is None:
            yield Complaint(f"{table.name}: no target {name!r}.", rule.table_id)
        elif name in taken:
            message = f"{table.name}: {target.label} is the same for all, and a field goes there."
            yield Complaint(f"{message} Choose one of the two.", rule.table_id)


def _missing(table: str, entity: Entity, taken: set[str]) -> Iterator[str]:
    """What must be there so that a record can become anything at all."""
    for targets, name in entity.needs:
        if not taken & set(targets.split("|")):
            yield f"{table}: say which field holds {name}."


def known_scopes(spec: MappingSpec) -> set[str]:
    """Answer the scopes in which decisions of this mapping can matter."""
    scopes = {rule.entity for rule in spec.tables if rule.entity}
    for rule in spec.tables:
        entity = ENTITIES.get(rule.entity)
        for field in rule.fields:
            target = entity.by_name.get(field.to) if entity else None
            if target is None or not target.refers_to:
                continue
            scopes.add(target.refers_to)
            if field.via:
                scopes.add(scope_of_key(target.refers_to, field.via.table_id, field.via.field_id))
    return scopes
