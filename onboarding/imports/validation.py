"""Phase 0: whether the source is whole, and what of it would have to be set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from onboarding.imports.runs import ImportRefusedError
from onboarding.imports.structure import label_of
from onboarding.imports.targets import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onboarding.imports.loading.ledger import Ledger
    from onboarding.imports.mapping import MappingSpec, TableRule
    from onboarding.imports.models import ImportRun, ImportSource
    from onboarding.imports.structure import Structure, TableStructure

SKIPPED_WITHOUT = frozenset({"the text", "the text or the subject", "the file", "the image"})
"""A record without these is left out as empty, which is no gap."""
MOST_NAMED = 12


class GapsError(ImportRefusedError):
    """Records would have to be set aside, and the clinic has asked to stop where that is so."""

    def __init__(self, gaps: Sequence[str]) -> None:
        named = "; ".join(gaps[:MOST_NAMED])
        more = f"; and {len(gaps) - MOST_NAMED} more" if len(gaps) > MOST_NAMED else ""
        super().__init__(
            f"Stopped before anything was changed, because records are incomplete: {named}{more}. "
            "Complete them in FileMaker and upload the file again, or import all the same: such "
            "records are then set aside, where you can complete them one by one."
        )


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `level` is ok, gap (records will be set aside) or warning."""

    name: str
    level: str
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "level": self.level, "detail": self.detail}


def validate(run: ImportRun, spec: MappingSpec, structure: Structure) -> list[Check]:
    """Look at the source, its completeness, its age and its look-ups; raises GapsError if asked to."""
    checks = [
        _source(run.source),
        *_lost(run.source),
        *_required(run.source, spec, structure),
        _age(run.source),
        _lookups(spec),
    ]
    gaps = [check.detail for check in checks if check.level == "gap"]
    if run.stops_at_gaps and gaps:
        raise GapsError(gaps)
    return checks


def refuse_gaps(run: ImportRun, ledger: Ledger) -> None:
    """Raise GapsError once the load has shown what it would set aside, if the clinic asked to stop."""
    if not run.stops_at_gaps:
        return
    gaps = [
        f"{tally.count} of {account.name}: {reason}"
        for account in ledger.tables.values()
        for (outcome, reason), tally in account.reasons.items()
        if outcome == "quarantined"
    ]
    if gaps:
        raise GapsError(gaps)


def _source(source: ImportSource) -> Check:
    tables = source.profile.get("tables", ())
    records = sum(table.get("records", 0) for table in tables)
    digest = f", SHA-256 {source.sha256[:16]}…" if source.sha256 else ""
    return Check(
        "The source can be read", "ok", f"{records:,} records in {len(tables)} tables{digest}."
    )


def _lost(source: ImportSource) -> list[Check]:
    return [
        Check(
            "Damaged part of the file",
            "gap",
            f"{table['lost']:,} records of {table.get('name', table['id'])} are lost in it.",
        )
        for table in source.profile.get("tables", ())
        if table.get("lost")
    ]


def _required(source: ImportSource, spec: MappingSpec, structure: Structure) -> list[Check]:
    checks = []
    for rule in spec.tables:
        table = structure.table(rule.table_id)
        if table is None or not rule.entity:
            continue
        for targets, word in ENTITIES[rule.entity].needs:
            if word in SKIPPED_WITHOUT:
                continue
            if check := _missing(source, rule, table, frozenset(targets.split("|")), word):
                checks.append(check)
    if not checks:
        checks.append(Check("Required fields", "ok", "Every record has what it must have."))
    return checks


def _missing(
    source: ImportSource,
    rule: TableRule,
    table: TableStructure,
    targets: frozenset[str],
    word: str,
) -> Check | None:
    fields = [field.field_id for field in rule.fields if field.to in targets]
    if not fields:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM imports_stagedrecord WHERE source_id = %s AND table_id = %s "
            "AND payload <> '{}'::jsonb AND NOT EXISTS (SELECT FROM unnest(%s::text[]) AS cell "
            "WHERE btrim(coalesce(payload ->> cell, '')) <> '')",
            [source.pk, rule.table_id, [str(field_id) for field_id in fields]],
        )
        count = cursor.fetchone()[0]
    if not count:
        return None
    names = ", ".join(label_of(table.fields, field_id) for field_id in fields[:4])
    lacking = word.removeprefix("the ").replace("appointment's ", "")
    detail = f"{count:,} records of {table.name} have no {lacking} (empty: {names})."
    return Check("Required fields", "gap", detail)


def _age(source: ImportSource) -> Check:
    """Tell a file that is older than the one loaded last: its records would go back in time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE s.modification_count < l.modification_count), "
            "count(*) FILTER (WHERE s.modification_count > l.modification_count), count(*) "
            "FROM imports_importlink AS l JOIN imports_stagedrecord AS s ON s.source_id = %s "
            "AND s.table_id = l.table_id AND s.record_id = l.record_id WHERE l.source_key = %s",
            [source.pk, source.key],
        )
        older, newer, known = cursor.fetchone()
    if not known:
        return Check("Export date", "ok", "Nothing of this file has been imported before.")
    if older:
        return Check(
            "Export date",
            "warning",
            f"{older:,} records are older here than when they were last imported: this may be an "
            "old copy of the file.",
        )
    return Check(
        "Export date", "ok", f"{newer:,} of {known:,} known records were changed in it since."
    )


def _lookups(spec: MappingSpec) -> Check:
    if getattr(spec.options, "create_missing", False):
        detail = "Clinics, clinicians, types and payers that are not known yet are created."
    else:
        detail = "Names that are not known yet are left empty and told, or decided in the mapping."
    return Check("Look-ups", "ok", detail)
