"""The reconciliation report: as JSON, as a table to download, and in plain words."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from django.utils.timezone import localtime

from onboarding.imports.loading.ledger import OUTCOMES
from onboarding.imports.models import RowResult
from onboarding.imports.structure import Structure, label_of
from onboarding.imports.targets import ENTITIES
from ui.spreadsheets import safe_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from onboarding.imports.loading.engine import Loader
    from onboarding.imports.models import ImportRun
    from onboarding.imports.structure import TableStructure

REPORT_FORMAT = 1


def assemble(
    loader: Loader, *, dry: bool, duplicates: Sequence[Mapping[str, Any]], seconds: float
) -> dict[str, Any]:
    """Answer the report of a load that has just been done."""
    run, ledger = loader.run, loader.ledger
    structure = loader.structure
    tables = ledger.tables_json()
    for table in tables:
        name_issues(table["issues"], structure.table(table["id"]))
    made: dict[str, list[str]] = {}
    for entity, name in loader.references.created:
        made.setdefault(entity, []).append(name)
    return {
        "format": REPORT_FORMAT,
        "run": str(run.pk),
        "dry_run": dry,
        "file": run.source.file_name,
        "sha256": run.source.sha256,
        "source_key": run.source.key,
        "mapping_version": run.mapping.version if run.mapping else None,
        "holds": ledger.holds,
        "tables": tables,
        "totals": totals(tables),
        "configuration_from_words": [
            {"entity": entity, "names": sorted(names)} for entity, names in sorted(made.items())
        ],
        "duplicates": list(duplicates),
        "warnings": [*run.source.warnings, *_nothing_taken(tables)],
        "seconds": round(seconds, 2),
    }


def name_issues(issues: list[dict[str, Any]], table: TableStructure | None) -> list[dict[str, Any]]:
    """Write the fields' names beside the issues."""
    for issue in issues:
        issue["field_name"] = label_of(table.fields, issue["field"]) if table else ""
    return issues


def _nothing_taken(tables: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    if any(table["entity"] for table in tables):
        return []
    message = (
        "Nothing was taken over: no table looks like patients or appointments. "
        "Say in the mapping what its tables are."
    )
    return [{"code": "nothing-taken", "message": message}]


def totals(tables: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {name: sum(table[name] for table in tables) for name in ("source", *OUTCOMES)}


def _line(cells: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(cell) for cell in cells])
    return buffer.getvalue()


def reconciliation_csv(report: Mapping[str, Any]) -> str:
    """One line for each table, then one for each reason and each issue."""
    out = [_line(["table", "becomes", "in the file", *OUTCOMES, "adds up"])]
    for table in report["tables"]:
        becomes = ENTITIES[table["entity"]].plural if table["entity"] else ""
        counts = [table[outcome] for outcome in OUTCOMES]
        adds_up = "yes" if table["holds"] else "NO"
        out.append(_line([table["name"], becomes, table["source"], *counts, adds_up]))
    out += ["\r\n", _line(["table", "what", "field", "reason", "records", "record ids (first 20)"])]
    for table in report["tables"]:
        for row in table["reasons"]:
            out.append(
                _line(
                    [
                        table["name"],
                        row["outcome"],
                        "",
                        row["reason"],
                        row["count"],
                        " ".join(map(str, row["records"])),
                    ]
                )
            )
        for row in table["issues"]:
            out.append(
                _line(
                    [
                        table["name"],
                        "issue",
                        row["field_name"],
                        row["message"],
                        row["count"],
                        " ".join(map(str, row["records"])),
                    ]
                )
            )
    return "".join(out)


def tables_with_columns(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answer the tables that were taken over, each with its columns."""
    columns = report.get("columns", {})
    return [
        {**table, "columns": columns[str(table["id"])]}
        for table in report["tables"]
        if columns.get(str(table["id"]))
    ]


def columns_csv(report: Mapping[str, Any]) -> str:
    """One line for each column of each table."""
    out = [
        _line(
            [
                "table", "field", "becomes", "cells filled in the file", "checksum",
                "of records taken over", "kept with the records", "checksum kept", "same",
                "sum in the file", "sum kept", "rows with a value in Nexus", "first date",
                "last date", "sum in Nexus", "earliest in the file", "latest in the file",
            ]
        )
    ]  # fmt: skip
    for table in tables_with_columns(report):
        for column in table["columns"]:
            here = "" if column["here"] is None else column["here"]
            out.append(
                _line(
                    [
                        table["name"], column["name"], column["becomes"], column["filled"],
                        column["checksum"], column["taken"], column["kept"],
                        column["kept_checksum"], "yes" if column["same"] else "NO", column["sum"],
                        column["kept_sum"], here, column["first"], column["last"],
                        column["here_sum"], column["file_first"], column["file_last"],
                    ]
                )
            )  # fmt: skip
    return "".join(out)


def for_pdf(
    run: ImportRun, report: Mapping[str, Any], *, clinic: str, at: datetime
) -> dict[str, Any]:
    """Answer what the PDF's template shows: the report with its words, and nothing of patients."""
    return {
        "clinic": clinic,
        "printed": f"{at:%d %b %Y %H:%M}",
        "file": report["file"],
        "sha256": report["sha256"],
        "dry_run": report["dry_run"],
        "mode": run.get_mode_display(),
        "state": run.get_state_display(),
        "started_by": run.started_by,
        "loaded_at": f"{localtime(run.loaded_at):%d %b %Y %H:%M}" if run.loaded_at else "",
        "mapping_version": report["mapping_version"],
        "seconds": report["seconds"],
        "holds": report["holds"],
        "totals": report["totals"],
        "phases": report.get("phases", []),
        "tables": [
            {**table, "becomes": ENTITIES[table["entity"]].plural if table["entity"] else ""}
            for table in report["tables"]
        ],
        "columns": tables_with_columns(report),
        "checks": report.get("checks", []),
        "validation": report.get("validation", []),
        "preserved": report.get("preserved", []),
        "snapshot": report.get("snapshot", {}),
        "warnings": report.get("warnings", []),
        "mended": report.get("mended", []),
        "duplicates": [
            {"count": found["count"], "evidence": found["evidence"]}
            for found in report.get("duplicates", ())
        ],
    }


def rows_csv(run: ImportRun, *, dry: bool) -> Iterator[str]:
    """Every record that was not simply taken over, with the reason; no values of patients."""
    structure = Structure.from_json(run.source.structure)
    yield _line(["table", "record id", "outcome", "reason", "field", "issue"])
    results = RowResult.objects.filter(run=run, dry=dry).order_by("table_id", "record_id")
    for result in results.iterator(chunk_size=2000):
        table = structure.table(result.table_id)
        name = table.name if table else str(result.table_id)
        if result.outcome in {"skipped", "quarantined"} or result.reason:
            yield _line([name, result.record_id, result.outcome, result.reason, "", ""])
        for issue in result.issues:
            field = label_of(table.fields, issue["field"]) if table else ""
            yield _line([name, result.record_id, result.outcome, "", field, issue["message"]])


def as_text(report: Mapping[str, Any]) -> str:
    """The report in plain words, for the command line."""
    out = [
        f"{report['file']}: {'dry run, nothing was kept' if report['dry_run'] else 'imported'} "
        f"in {report['seconds']} s",
        "",
        f"{'table':<28}{'in file':>9}{'created':>9}{'updated':>9}{'unchanged':>11}"
        f"{'skipped':>9}{'set aside':>11}",
    ]
    for table in report["tables"]:
        counts = (
            f"{table['source']:>9}{table['created']:>9}{table['updated']:>9}"
            f"{table['unchanged']:>11}{table['skipped']:>9}{table['quarantined']:>11}"
        )
        out.append(
            f"{table['name'][:27]:<28}{counts}{'' if table['holds'] else '  DOES NOT ADD UP'}"
        )
    for table in report["tables"]:
        out += [
            f"  {table['name']}: {row['count']} {row['outcome']}: {row['reason']}"
            for row in table["reasons"]
        ]
        out += [
            f"  {table['name']}, {row['field_name']}: {row['count']} × {row['message']}"
            for row in table["issues"]
        ]
    for group in report["configuration_from_words"]:
        label = ENTITIES[group["entity"]].plural.lower()
        out.append(f"  made from words in fields: {label}: {', '.join(group['names'])}")
    out += [
        f"  {found['count']} groups of people with {found['evidence']}: not merged"
        for found in report["duplicates"]
    ]
    out += [f"  the file: {warning['message']}" for warning in report["warnings"]]
    out += ["", "Every record is accounted for." if report["holds"] else "RECORDS ARE MISSING."]
    return "\n".join(out)
