"""Suggests what each table and field becomes, each with a reason and a confidence from 0 to 1.

Evidence: names (in three languages), comments, value lists, relationships, and what the values look
like. A suggestion is a proposal: nothing is loaded before a person has confirmed the mapping.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from onboarding.imports.manners import DATED, FLAGS, is_address_line
from onboarding.imports.mapping import FieldRule, MappingSpec, Options, TableRule, Via
from onboarding.imports.naming import likeness, numbers_records, tokens
from onboarding.imports.suggest_tables import (
    LEAST,
    TableEvidence,
    choose_tables,
    entity_reason,
)
from onboarding.imports.targets import APPOINTMENT, ENTITIES, IMAGE_BATCH, INVOICE, PATIENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
CLEAR = 0.9
BY_VALUES = {"phone": "phone", "date_of_birth": "birth", "home_lines": "street",
             "home_state": "state", "home_postcode": "postcode"}  # fmt: skip
GENERIC = frozenset(
    "field feld champ column spalte colonne col text data value custom user".split()
)
"""Names that say nothing, besides numbers."""
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
        evidence_of(table, profiles[table.id], structure)
        for table in structure.tables
        if table.id in profiles and not profiles[table.id]["hidden"]
    ]
    chosen = choose_tables(
        evidence,
        lambda table, entity: candidates(table, entity, structure, {}, None),
    )
    rules = tuple(suggest_table(table, chosen, structure, overlap) for table in evidence)
    comma = structure.locale is not None and structure.locale.decimal_separator == ","
    options = Options(
        time_zone=time_zone,
        date_order=structure.date_order,
        decimal_sign="," if comma else ".",
    )
    return MappingSpec(rules, options)


def evidence_of(
    table: TableStructure, profile: Mapping[str, Any], structure: Structure
) -> TableEvidence:
    """Lay out what is known of a table's fields, each with the value lists its words come from."""
    fields = {field["id"]: field for field in profile["fields"]}
    lists = {pk: _lists_of(structure, field["words"]) for pk, field in fields.items()}
    return TableEvidence(table, profile, fields, lists)


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
    fields = tuple(_read_as(rule, table, entity, structure) for rule in _assign(found, entity))
    fields = _without_split_parts(fields, entity)
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
        listed = table.lists[field.id]
        for target in entity.targets:
            candidate = _weigh(field, profile, listed, target, entity)
            if candidate and target.refers_to:
                candidate = _refer(
                    candidate, table, field, structure, chosen=chosen, overlap=overlap
                )
            if candidate is None and target.refers_to:
                candidate = _by_relationship(table, field, target, structure, chosen)
            if candidate is None and target.refers_to:
                candidate = _by_same_name(table, field, target, structure, chosen)
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
    listed: Iterable[str],
    target: Target,
    entity: Entity,
) -> Candidate | None:
    shares: Mapping[str, float] = profile["shapes"]
    if not _fits_type(field, shares, target):
        return None
    named, why = _named(field, listed, target, entity)
    share = shares.get(target.shape, 0.0)
    if target.kind in FLAGS:
        share = max(share, shares.get("flag", 0.0))
    speaks = target.kind == "container" or (share >= MUCH and profile["filled"] >= FEW)
    if not named and not (target.alone and speaks):
        return by_values(field, profile, target, entity)
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
    if _is_old(field, profile):
        score *= 0.4
        why.append("named like something old")
    return Candidate(field.id, target, round(score, 3), "; ".join(why) + ".")


def _is_old(field: Field, profile: Mapping[str, Any]) -> bool:
    """Named like something set aside; a key is often called `zz_pk` and is none of that."""
    if not field.name.lower().startswith(("zz", "z_", "old", "x_")):
        return False
    marked = {"pk", "kp"} & set(re.split(r"[^a-z]+", field.name.lower()))
    return not (marked and profile["filled"] == profile["distinct"])


def by_values(
    field: Field, profile: Mapping[str, Any], target: Target, entity: Entity
) -> Candidate | None:
    """Suggest a place for a field whose name says nothing (“Field 7”) by what stands in it."""
    wanted = BY_VALUES.get(target.name)
    if wanted is None or entity.name != PATIENT or profile["filled"] < 2 * FEW:
        return None
    if not GENERIC.issuperset(word for word in tokens(field.name) if not word.isdigit()):
        return None
    share = profile["shapes"].get(wanted, 0.0)
    if share < CLEAR or (wanted == "birth" and not _spread_of_births(profile)):
        return None
    reason = f"Its name says nothing; its values look like {SHAPE_WORDS[wanted]} ({share:.0%})."
    return Candidate(field.id, target, 0.56, reason)


def _spread_of_births(profile: Mapping[str, Any]) -> bool:
    """Dates over half a century, the oldest long ago: no other field of a patient looks like that."""
    least, most = str(profile["least"] or ""), str(profile["most"] or "")
    years = [int(day[:4]) for day in (least, most) if day[:4].isdigit()]
    return len(years) == 2 and years[0] < 1970 and years[1] - years[0] >= 40  # noqa: PLR2004


def _lists_of(structure: Structure, words: Iterable[str]) -> tuple[str, ...]:
    """Name the value lists that hold all words of a field, where it has two or more."""
    wanted = frozenset(words)
    if len(wanted) < 2:  # noqa: PLR2004
        return ()
    return tuple(one.name for one in structure.value_lists if wanted <= set(one.values))


def _named(
    field: Field, listed: Iterable[str], target: Target, entity: Entity
) -> tuple[float, list[str]]:
    best, why = likeness(field.name, target.words, entity.noise), f"The name is “{field.name}”"
    if field.comment:
        by_comment = 0.85 * likeness(field.comment, target.words, entity.noise)
        if by_comment > best:
            best, why = by_comment, f"The comment says “{field.comment[:60]}”"
    for name in listed:
        by_list = 0.85 * likeness(name, target.words, entity.noise)
        if by_list > best:
            best, why = by_list, f"Its values come from the value list “{name}”"
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


def _by_same_name(
    table: TableEvidence,
    field: Field,
    target: Target,
    structure: Structure,
    chosen: Mapping[int, tuple[str, float]],
) -> Candidate | None:
    """A field called like the other table's number: “ChartNo” here is “ChartNo” there."""
    words = set(tokens(field.name))
    if not numbers_records(field.name) or _is_key_of(table, field):
        return None
    for other_id, (entity, _) in chosen.items():
        other = structure.table(other_id)
        if entity != target.refers_to or other is None or other_id == table.id:
            continue
        for key in _possible_keys(other):
            if set(tokens(key.name)) == words:
                reason = f"{other.name} has a field of the same name."
                return Candidate(field.id, target, 0.8, reason, Via(other_id, key.id))
    return None


def _is_own_number(table: TableEvidence, field: Field) -> bool:
    """True for a field that numbers the table's own records: others are to be read in its place."""
    profile = table.fields[field.id]
    alone = profile["filled"] == table.records and (
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
    named = [f for f in fields if numbers_records(f.name)]
    return list({f.id: f for f in [*named, *fields[:4]]}.values())


def _read_as(
    rule: FieldRule, table: TableEvidence, entity: Entity, structure: Structure
) -> FieldRule:
    """Suggest how the field is read, where its values show that it needs more than the usual."""
    target, profile = entity.by_name[rule.to], table.fields[rule.field_id]
    how = why = ""
    if is_address_line(target) and profile["shapes"].get("address", 0) >= MUCH:
        how, why = "block", "it holds whole addresses"
    elif target.kind in DATED:
        how, why = _order(profile, structure)
    elif target.kind in {"text", "lines"} and _is_list(profile):
        how, why = "list", "it holds several values, one to a line"
    return replace(rule, how=how, reason=f"{rule.reason.rstrip('.')}; {why}.") if how else rule


def _order(profile: Mapping[str, Any], structure: Structure) -> tuple[str, str]:
    """Answer the order the field's own dates show, where it is not the file's."""
    orders = profile.get("date_orders") or {}
    for order, other in (("DMY", "MDY"), ("MDY", "DMY")):
        if orders.get(order, 0) >= FEW and not orders.get(other) and structure.date_order == other:
            count = orders[order]
            return order, f"{count:,} of its dates can only be read {_ORDER_WORDS[order]}"
    return "", ""


_ORDER_WORDS = {"DMY": "day first", "MDY": "month first"}


def _is_list(profile: Mapping[str, Any]) -> bool:
    """Few different short values, often several to a cell: what a checkbox field holds."""
    return bool(profile["words"]) and profile.get("multiline", 0) >= 0.2  # noqa: PLR2004


def _without_split_parts(fields: tuple[FieldRule, ...], entity: Entity) -> tuple[FieldRule, ...]:
    """A whole address is split only where no field of its own holds the suburb or the postcode."""
    taken = {rule.to for rule in fields}
    return tuple(
        replace(rule, how="")
        if rule.how == "block"
        and taken & {rule.to.replace("_lines", part) for part in ("_suburb", "_postcode")}
        and entity.by_name[rule.to].many
        else rule
        for rule in fields
    )


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
