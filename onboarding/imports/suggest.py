"""Suggests what each table and field becomes, each with a reason and a confidence from 0 to 1.

Evidence: names (in three languages), comments, value lists, relationships, and what the values look
like. A suggestion is a proposal: nothing is loaded before a person has confirmed the mapping.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from onboarding.imports.mapping import FieldRule, MappingSpec, Options, TableRule, Via
from onboarding.imports.naming import likeness, tokens
from onboarding.imports.suggest_tables import (
    LEAST,
    TableEvidence,
    choose_tables,
    entity_reason,
)
from onboarding.imports.targets import APPOINTMENT, ENTITIES, IMAGE_BATCH, INVOICE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from onboarding.filemaker.sources import Field
    from onboarding.imports.structure import Structure, TableStructure
    from onboarding.imports.targets import Entity, Target

Overlap = "Callable[[int, int, int, int], float]"
SHAPE_WORDS = {
    "email": "e-mail addresses", "phone": "telephone numbers", "birth": "dates of birth",
    "date": "dates", "time": "times", "timestamp": "dates with times", "postcode": "postcodes",
    "state": "states", "street": "streets", "medicare": "Medicare numbers with a right check digit",
    "ndis": "NDIS numbers", "dva": "DVA file numbers", "ihi": "healthcare identifiers",
    "sex": "words for sex", "status": "states of a visit", "title": "titles", "word": "words",
    "archived": "states of a patient", "flag": "yes or no",
}  # fmt: skip
_TEXTUAL = frozenset({"text", "number"})
_TYPES: Mapping[str, tuple[frozenset[str], str]] = {
    "birth": (frozenset({"date", "timestamp"}), "date"),
    "date": (frozenset({"date", "timestamp"}), "date"),
    "day": (frozenset({"date", "timestamp"}), "date"),
    "time": (frozenset({"time"}), "time"),
    "timestamp": (frozenset({"timestamp"}), "timestamp"),
    "minutes": (frozenset({"number", "text", "time"}), ""),
    "container": (frozenset({"container"}), ""),
}
MUCH, LITTLE, FEW = 0.7, 0.3, 5
NAMELESS = frozenset({APPOINTMENT, IMAGE_BATCH, INVOICE})
"""What is found by a number only: without the field that holds it there, a reference leads nowhere."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One field that may go to one target."""

    field_id: int
    target: Target
    confidence: float
    reason: str
    via: Via | None = None


def suggest(
    structure: Structure,
    profile: Mapping[str, Any],
    *,
    time_zone: str,
    overlap: Callable[[int, int, int, int], float] | None = None,
) -> MappingSpec:
    """Suggest the whole mapping.

    `overlap(table, field, other table, other field)` answers which share of the distinct values of
    the first stands in the second; without it only relationships show what refers to what.
    """
    profiles = {table["id"]: table for table in profile.get("tables", ())}
    evidence = [
        TableEvidence(table, profiles[table.id], _fields_by_id(profiles[table.id]))
        for table in structure.tables
        if table.id in profiles and not profiles[table.id]["hidden"]
    ]
    chosen = choose_tables(
        evidence,
        lambda table, entity: candidates(table, entity, structure, {}, None),
    )
    rules = tuple(suggest_table(table, chosen, structure, overlap) for table in evidence)
    return MappingSpec(rules, Options(time_zone=time_zone, date_order=structure.date_order))


def _fields_by_id(profile: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    return {field["id"]: field for field in profile["fields"]}


def suggest_table(
    table: TableEvidence,
    chosen: Mapping[int, tuple[str, float]],
    structure: Structure,
    overlap: Callable[[int, int, int, int], float] | None,
) -> TableRule:
    name, confidence = chosen.get(table.id, ("", 0.0))
    if not name:
        return TableRule(table.id, reason="Not a kind of record that is taken over yet.")
    entity = ENTITIES[name]
    found = candidates(table, entity, structure, chosen, overlap)
    fields = _assign(found, entity)
    return TableRule(table.id, name, fields, confidence, entity_reason(table, entity, fields))


def candidates(
    table: TableEvidence,
    entity: Entity,
    structure: Structure,
    chosen: Mapping[int, tuple[str, float]],
    overlap: Callable[[int, int, int, int], float] | None,
) -> list[Candidate]:
    """Answer what each shown field may become, best first."""
    found = []
    for field in table.structure.record_fields:
        profile = table.fields.get(field.id)
        if profile is None or profile["hidden"]:
            continue
        for target in entity.targets:
            candidate = _weigh(field, profile, target, entity, structure)
            if candidate and target.refers_to:
                candidate = _refer(
                    candidate, table, field, structure, chosen=chosen, overlap=overlap
                )
            if candidate is None and target.refers_to:
                candidate = _by_relationship(table, field, target, structure, chosen)
            if candidate and target.kind in {"text", "lines"} and _is_own_number(table, field):
                candidate = _only_as_number(candidate)
            if candidate and target.refers_to in NAMELESS and chosen and candidate.via is None:
                candidate = None
            if candidate and candidate.confidence >= LEAST:
                found.append(candidate)
    return sorted(found, key=lambda c: (-c.confidence, c.field_id))


def _weigh(
    field: Field,
    profile: Mapping[str, Any],
    target: Target,
    entity: Entity,
    structure: Structure,
) -> Candidate | None:
    named, why = _named(field, profile, target, entity, structure)
    shares: Mapping[str, float] = profile["shapes"]
    share = shares.get(target.shape, 0.0)
    if not _fits_type(field, shares, target):
        return None
    speaks = target.kind == "container" or (share >= MUCH and profile["filled"] >= FEW)
    if not named and not (target.alone and speaks):
        return None
    if target.name == "other_number" and shares.get("uuid", 0) >= MUCH:
        return None  # a key that no person ever wrote on a form
    score = named or 0.62
    if target.shape and target.shape != "word":
        if share >= MUCH:
            score = min(0.99, score + 0.04)
            why.append(f"its values look like {SHAPE_WORDS[target.shape]} ({share * 100:.0f} %)")
        elif share < LITTLE and profile["filled"] >= FEW and target.shape != "flag":
            score *= 0.6 if target.shape in {"street", "dva", "birth"} else 0.45
            why.append(
                f"but few values look like {SHAPE_WORDS[target.shape]} ({share * 100:.0f} %)"
            )
    if field.kind == "calc":
        score *= 0.7
        why.append("a calculation")
    if field.name.lower().startswith(("zz", "z_", "old", "x_")):
        score *= 0.4
        why.append("named like something old")
    return Candidate(field.id, target, round(score, 3), "; ".join(why) + ".")


def _named(
    field: Field,
    profile: Mapping[str, Any],
    target: Target,
    entity: Entity,
    structure: Structure,
) -> tuple[float, list[str]]:
    best, why = likeness(field.name, target.words, entity.noise), f"The name is “{field.name}”"
    if field.comment:
        by_comment = 0.85 * likeness(field.comment, target.words, entity.noise)
        if by_comment > best:
            best, why = by_comment, f"The comment says “{field.comment[:60]}”"
    words = set(profile["words"])
    if len(words) > 1:
        for listed in structure.value_lists:
            if words <= set(listed.values):
                by_list = 0.85 * likeness(listed.name, target.words, entity.noise)
                if by_list > best:
                    best, why = by_list, f"Its values come from the value list “{listed.name}”"
    return best, [why] if best else ["Its name says nothing"]


def _fits_type(field: Field, shares: Mapping[str, float], target: Target) -> bool:
    types, shape = _TYPES.get(target.kind, (_TEXTUAL, ""))
    if field.type in types:
        return True
    return bool(shape) and field.type in _TEXTUAL and shares.get(shape, 0) >= 0.5  # noqa: PLR2004


def _linked(table_id: int, field_id: int, structure: Structure) -> list[tuple[int, int]]:
    """Answer the fields that relationships match by `=` with this one."""
    found = []
    for r in structure.relationships:
        if r.operator not in {"=", "=="}:
            continue
        left, right = (r.left_table_id, r.left_field_id), (r.right_table_id, r.right_field_id)
        if left == (table_id, field_id) and r.right_table_id is not None:
            found.append((r.right_table_id, r.right_field_id))
        if right == (table_id, field_id) and r.left_table_id is not None:
            found.append((r.left_table_id, r.left_field_id))
    return [link for link in found if link[0] != table_id]


def _by_relationship(
    table: TableEvidence,
    field: Field,
    target: Target,
    structure: Structure,
    chosen: Mapping[int, tuple[str, float]],
) -> Candidate | None:
    for other, key in _linked(table.id, field.id, structure):
        if chosen.get(other, ("", 0))[0] == target.refers_to and not _is_key_of(table, field):
            there = structure.table(other)
            key_field = there.field(key) if there else None
            if there and key_field:
                return Candidate(
                    field.id, target, 0.93,
                    f"A relationship links it to {there.name}::{key_field.name}.", Via(other, key),
                )  # fmt: skip
    return None


def _is_own_number(table: TableEvidence, field: Field) -> bool:
    """True for a field that numbers the table's own records: others are to be read in its place."""
    profile = table.fields[field.id]
    alone = profile["filled"] == table.records > 1 and (
        profile["distinct"] == table.records or profile.get("distinct_is_least", False)
    )
    return alone and bool({"id", "pk", "key", "uuid", "serial"} & set(tokens(field.name)))


def _only_as_number(candidate: Candidate) -> Candidate | None:
    """A record's number is no text, title or name; where a number is asked for, others go first."""
    if candidate.target.name != "number":
        return None
    return replace(candidate, confidence=round(0.7 * candidate.confidence, 3))


def _is_key_of(table: TableEvidence, field: Field) -> bool:
    """True for the table's own key: it is what others refer to, not a reference itself."""
    profile = table.fields[field.id]
    return bool(profile["filled"] == profile["distinct"] == table.records > 1)


def _refer(
    candidate: Candidate,
    table: TableEvidence,
    field: Field,
    structure: Structure,
    *,
    chosen: Mapping[int, tuple[str, float]],
    overlap: Callable[[int, int, int, int], float] | None,
) -> Candidate:
    related = _by_relationship(table, field, candidate.target, structure, chosen)
    if related:
        reason = f"{candidate.reason.rstrip('.')}; {related.reason[0].lower()}{related.reason[1:]}"
        return replace(candidate, confidence=0.98, reason=reason, via=related.via)
    if overlap is None:
        return candidate
    for other_id, (entity, _) in chosen.items():
        other = structure.table(other_id)
        if entity != candidate.target.refers_to or other is None or other_id == table.id:
            continue
        shares = [
            (overlap(table.id, field.id, other_id, key.id), key) for key in _possible_keys(other)
        ]
        share, key = max(shares, key=lambda pair: pair[0], default=(0.0, None))
        if key is not None and share >= 0.5:  # noqa: PLR2004
            return replace(
                candidate,
                confidence=max(candidate.confidence, 0.9),
                reason=f"{candidate.reason.rstrip('.')}; {share * 100:.0f} % of its values stand in "
                f"{other.name}::{key.name}.",
                via=Via(other_id, key.id),
            )
    return candidate


def _possible_keys(table: TableStructure) -> list[Field]:
    fields = [f for f in table.record_fields if f.type in _TEXTUAL]
    named = [f for f in fields if {"id", "no", "number", "key", "code"} & set(tokens(f.name))]
    return list({f.id: f for f in [*named, *fields[:4]]}.values())


def _assign(found: list[Candidate], entity: Entity) -> tuple[FieldRule, ...]:
    taken: set[str] = set()
    rules: dict[int, FieldRule] = {}
    for candidate in found:
        target = candidate.target
        if candidate.field_id in rules or (target.name in taken and not target.many):
            continue
        taken.add(target.name)
        rules[candidate.field_id] = FieldRule(
            candidate.field_id, target.name, "", candidate.via, candidate.confidence,
            candidate.reason,
        )  # fmt: skip
    superfluous: set[str] = set()
    whole = "full_name" if "full_name" in entity.by_name else "name"
    if {"given_names", "family_name"} <= taken and entity.name in {"patient", "practitioner"}:
        superfluous.add(whole)
    if "starts_at" in taken:
        superfluous |= {"date", "start_time"}
    if "date_of_birth" in taken and "is_active" in taken and "is_archived" in taken:
        superfluous.add("is_archived")
    return tuple(rule for _, rule in sorted(rules.items()) if rule.to not in superfluous)
