"""The versions of a mapping: who saved which, what differs, going back, and taking one to another clinic."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from onboarding.filemaker.sources import Field, Table
from onboarding.imports import services
from onboarding.imports.mapping import MappingError, MappingSpec
from onboarding.imports.mapping_change import carry_over, rule_changes, schema_changes
from onboarding.imports.models import ImportRun, Mapping
from onboarding.imports.structure import Structure, TableStructure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onboarding.imports.decisions import Decision
    from onboarding.imports.mapping_change import RuleChange, SchemaChange
    from onboarding.imports.models import ImportSource
    from tenants.scope import Actor

SIGN = "nexus-filemaker-mapping"
MOST_BYTES = 4 * 1024**2


@dataclass(frozen=True, slots=True)
class Version:
    """One saved mapping and what it changed against the one before."""

    mapping: Mapping
    changes: Sequence[RuleChange]
    is_current: bool
    is_first: bool


def versions_of(run: ImportRun) -> list[Version]:
    """Answer the versions saved for files of this structure, newest first."""
    structure = Structure.from_json(run.source.structure)
    saved = list(Mapping.objects.filter(fingerprint=run.source.fingerprint)[:50])
    specs = [MappingSpec.from_json(mapping.spec) for mapping in saved]
    versions = []
    for place, mapping in enumerate(saved):
        first = place + 1 == len(saved)
        before = MappingSpec() if first else specs[place + 1]
        changes = [] if first else rule_changes(before, specs[place], structure)
        versions.append(Version(mapping, changes, mapping.pk == run.mapping_id, first))
    return versions


def compare(run: ImportRun, one: int, other: int) -> list[RuleChange] | None:
    """Answer what version `other` does differently from `one`; None where one is not there."""
    found = {
        mapping.version: mapping
        for mapping in Mapping.objects.filter(
            fingerprint=run.source.fingerprint, version__in=[one, other]
        )
    }
    if one not in found or other not in found:
        return None
    structure = Structure.from_json(run.source.structure)
    specs = [MappingSpec.from_json(found[number].spec) for number in (one, other)]
    return rule_changes(specs[0], specs[1], structure)


def go_back_to(run: ImportRun, version: int, *, actor: Actor) -> Mapping:
    """Confirm an earlier version anew: it becomes the newest, and none is lost."""
    kept = Mapping.objects.filter(fingerprint=run.source.fingerprint, version=version).first()
    if kept is None:
        raise MappingError(f"There is no version {version} of this mapping.")
    return services.save_mapping(run, MappingSpec.from_json(kept.spec), actor=actor)


def schema_difference(run: ImportRun, spec: MappingSpec) -> list[SchemaChange]:
    """Answer what is different in this file since it was last mapped; empty where nothing is."""
    if run.mapping_id is not None or not run.source.key:
        return []
    earlier = (
        ImportRun.objects.filter(source__key=run.source.key, mapping__isnull=False)
        .exclude(source=run.source)
        .exclude(source__fingerprint=run.source.fingerprint)
        .select_related("source", "mapping")
        .first()
    )
    if earlier is None or earlier.mapping is None:
        return []
    return schema_changes(
        Structure.from_json(earlier.source.structure),
        Structure.from_json(run.source.structure),
        spec,
        MappingSpec.from_json(earlier.mapping.spec),
    )


# ── as a file, for another clinic with the same vendor's solution ─────────────────────────────────


def as_file(source: ImportSource, spec: MappingSpec) -> str:
    """Write the mapping down: fields and rules, no record and no id of this clinic's rows."""
    structure = Structure.from_json(source.structure)
    decisions = {
        scope: {key: replace(made, id="") for key, made in found.items() if _travels(made)}
        for scope, found in spec.decisions.items()
    }
    kept: dict[str, Any] = {
        "kind": SIGN,
        "fingerprint": source.fingerprint,
        "tables": [
            {
                "id": table.id,
                "name": table.name,
                "fields": [[f.id, f.name, f.kind, f.type, f.repetitions] for f in table.fields],
            }
            for table in structure.tables
        ],
        "mapping": replace(spec, decisions=decisions).as_json(),
    }
    return json.dumps(kept, ensure_ascii=False, indent=1)


def _travels(decision: Decision) -> bool:
    """A match by id alone means nothing in another clinic."""
    return decision.verdict != "match" or bool(decision.name)


def from_file(source: ImportSource, text: bytes) -> MappingSpec:
    """Answer the mapping of a file for this source; raises MappingError with words for a person.

    Where the solution has changed, it is carried over by the ids of its fields.
    """
    if len(text) > MOST_BYTES:
        raise MappingError("This is not a mapping: it is too large.")
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MappingError("This is not a mapping: choose a file saved from this page.") from error
    if not isinstance(kept, dict) or kept.get("kind") != SIGN:
        raise MappingError("This is not a mapping: choose a file saved from this page.")
    spec = MappingSpec.from_json(kept.get("mapping") or {})
    structure = Structure.from_json(source.structure)
    if kept.get("fingerprint") == source.fingerprint:
        return spec
    known = _known(kept.get("tables"))
    if not _is_one_solution(known, structure):
        raise MappingError(
            "This mapping is for another FileMaker solution: its fields are not here."
        )
    suggestion = MappingSpec.from_json(source.profile["suggestion"])
    return carry_over(spec, known, suggestion, structure)


def _known(tables: Any) -> Structure:
    try:
        return Structure(
            tuple(
                TableStructure(
                    Table(int(table["id"]), str(table["name"]), 0),
                    tuple(
                        Field(
                            int(number), str(name), kind, type_, int(repetitions),
                            is_global=False, comment="", derived=False,
                        )
                        for number, name, kind, type_, repetitions in table["fields"]
                    ),
                )
                for table in tables
            )
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise MappingError("This mapping's list of fields cannot be read.") from error


def _is_one_solution(known: Structure, structure: Structure) -> bool:
    """Most fields of the tables both have are the same by id and name."""
    same = total = 0
    for table in known.tables:
        here = structure.table(table.id)
        total += len(table.fields)
        if here is None:
            continue
        names = {f.id: f.name for f in here.fields}
        same += sum(names.get(f.id) == f.name for f in table.fields)
    return total > 0 and same * 2 >= total
