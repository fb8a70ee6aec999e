"""What is in an export, as numbers: the counterpart of `fmp.inspect` for files without fingerprints."""

from pathlib import Path
from typing import Any

from onboarding.filemaker.exports.detect import open_source


def inspect_export(path: Path) -> dict[str, Any]:
    """Return `{"tables": […], "warnings": […]}`; raise a FileMakerFileError where unreadable."""
    with open_source(path) as file:
        tables = []
        for table in file.tables():
            fields = [
                {"id": f.id, "name": f.name, "type": f.type, "reps": f.repetitions}
                for f in file.fields(table.id)
            ]
            with_data = cells = 0
            for record in file.records(table.id):
                with_data += bool(record.values)
                cells += len(record.values)
            tables.append(
                {
                    "id": table.id,
                    "name": table.name,
                    "fields": fields,
                    "records": table.record_count,
                    "records_with_data": with_data,
                    "cells": cells,
                }
            )
        return {"tables": tables, "warnings": [warning.as_json() for warning in file.warnings]}
