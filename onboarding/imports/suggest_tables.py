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
BY_FIELDS = frozenset({"patient", "appointment"})
"""What is known by its fields, whatever its table is called; the others must be called so."""
LOOK_UPS = frozenset({"location", "practitioner", "appointment_type", "funding_type"})
NEEDS = {"invoice_line": "invoice", "patient_contact": "patient", "contact_point": "patient"}
"""What must be in the file too."""


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
    lists: Mapping[int, tuple[str, ...]]
    """The value lists that each field's words come from, by field."""

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
    """Answer table id → (entity, confidence); the best table for each entity, of some every one."""
    scored = []
    for table in tables:
        for entity in ENTITIES.values():
            found = {c.target.name: c.confidence for c in reversed(list(candidates(table, entity)))}
            score = _score(table, entity, found)
            if score:
                scored.append((score, table.id, entity.name))
    scored.sort(key=lambda row: (-row[0], ENTITIES[row[2]].order, row[1]))
    patients = next((table_id for _, table_id, name in scored if name == "patient"), None)
    chosen: dict[int, tuple[str, float]] = {}
    taken: set[str] = set()
    for score, table_id, entity_name in scored:
        if entity_name == "referrer" and table_id == patients:
            continue  # a file whose only people are “Contacts” is about them
        if table_id in chosen or (entity_name in taken and not ENTITIES[entity_name].many):
            continue
        chosen[table_id] = (entity_name, round(score, 2))
        taken.add(entity_name)
    return _with_what_they_need(chosen)


def _with_what_they_need(chosen: dict[int, tuple[str, float]]) -> dict[int, tuple[str, float]]:
    """Leave out what hangs on a kind of record that the file has not: lines without invoices."""
    there = {entity for entity, _ in chosen.values()}
    return {
        table_id: (entity, score)
        for table_id, (entity, score) in chosen.items()
        if NEEDS.get(entity, entity) in there
    }


def _score(table: TableEvidence, entity: Entity, found: Mapping[str, float]) -> float:
    named = likeness(table.name, entity.words, "")
    if table.name.lower().startswith(("zz", "z_", "old")):
        named *= 0.3
    core = _CORES[entity.name](found, named)
    if not core:
        return 0.0
    if entity.name in LOOK_UPS and table.records > MOST_CONFIGURATION:
        return 0.0
    if entity.name not in BY_FIELDS and named < NAMED:
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


def _referrer(found: Mapping[str, float], _named: float) -> float:
    """People and practices to write to: no patient is named in them, and they have no birth dates."""
    if not found.keys() & {"name", "family_name", "given_names", "organisation"}:
        return 0.0
    about = {"provider_number", "specialty", "organisation", "fax", "kind"}
    reach = {"phone", "mobile", "email", "address"}
    if not found.keys() & (about | reach):
        return 0.0
    return min(1.0, 0.5 + 0.15 * len(about & found.keys()) + 0.08 * len(reach & found.keys()))


def _of_patient(
    *needed: str, more: Sequence[str] = (), whose: Sequence[str] = ("patient",)
) -> Callable[[Mapping[str, float], float], float]:
    """Make the weighing of records about a patient: whom they are of, what makes them, what is usual."""

    def core(found: Mapping[str, float], _named: float) -> float:
        there = found.keys()
        if not there & set(whose) or (needed and not there & set(needed)):
            return 0.0
        return min(1.0, 0.6 + 0.1 * len(there & set(needed)) + 0.08 * len(there & set(more)))

    return core


def _file(*more: str) -> Callable[[Mapping[str, float], float], float]:
    """Make the weighing of files: a container counts most, a name or path of a file will do."""

    def core(found: Mapping[str, float], _named: float) -> float:
        there = found.keys()
        if not there & {"file", "file_name", "external_path"}:
            return 0.0
        if not there & {"file", "patient"}:
            return 0.0  # names of files alone may be anything: a list of fields, a log
        usual = len(there & {"patient", "title", "dated_on", "file_name", *more})
        return min(1.0, (0.6 if "file" in there else 0.4) + 0.08 * usual)

    return core


_CORES: Mapping[str, Callable[[Mapping[str, float], float], float]] = {
    "patient": _patient,
    "appointment": _appointment,
    "location": _configuration("phone", "address", "colour", "short_name", "is_active"),
    "practitioner": _configuration("discipline", "colour", "title", "family_name"),
    "appointment_type": _configuration("duration_minutes", "colour", "is_active"),
    "funding_type": _configuration("is_active"),
    "referrer": _referrer,
    "patient_contact": _of_patient(
        "name", "family_name", "contact", more=("relationship", "kind", "phone", "email")
    ),
    "contact_point": _of_patient("phone", more=("kind", "label")),
    "note": _of_patient(
        "body", "title", more=("noted_at", "noted_on", "kind", "practitioner", "appointment"),
        whose=("patient", "appointment"),
    ),
    "letter": _of_patient(
        "body", "subject", "recipient", more=("letter_date", "contact", "practitioner", "state")
    ),
    "reminder": _of_patient(
        "due_at", "due_on", "sent_at", "sent_on", more=("body", "channel", "state", "appointment"),
        whose=("patient", "appointment"),
    ),
    "message": _of_patient(
        "body", more=("address", "direction", "sent_at", "sent_on", "state", "channel"),
        whose=("patient", "address"),
    ),
    "document": _file("category", "practitioner"),
    "image_batch": _of_patient("name", "taken_on"),
    "image": _file("batch", "batch_key", "caption"),
    "invoice": _of_patient(
        "total", "number", "issued_on", more=("due_on", "status", "paid", "line_description"),
        whose=("patient", "payer"),
    ),
    "invoice_line": _of_patient("description", "amount", "quantity", "price", "code",
                                whose=("invoice",)),
}  # fmt: skip


def entity_reason(table: TableEvidence, entity: Entity, fields: Sequence[FieldRule]) -> str:
    """Say in one sentence why the table is taken for this entity."""
    sure = {rule.to for rule in fields if rule.confidence >= NAMED}
    labels = [target.label.lower() for target in entity.targets if target.name in sure]
    shown = ", ".join(labels[:5])
    named = likeness(table.name, entity.words, "") >= NAMED
    opening = f"The table is named “{table.name}”" if named else "Its fields say so"
    return f"{opening}: it holds {shown}." if shown else f"{opening}."
