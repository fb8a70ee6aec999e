"""What is in a file, as numbers and fingerprints: for people to look at, and for tests to compare.

The fingerprint of a table's cells is a SHA-256 over one line of compact JSON per non-empty cell,
`[record id, field id, repetition, text]`, in that order. Globals are not counted.

A field's name is given where it stands as one entry. A name in pieces (long, or with characters
such as Ω) is null here, as is that of a nameless field; `FmpFile.fields` has both.
"""

import hashlib
import json
import sys
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.fmp.reader import FmpFile, open_file
from onboarding.filemaker.sources import Field, Table


def inspect_file(path: str | Path) -> dict[str, Any]:
    """Return `{"tables": […], "warnings": […]}`; raise a FileMakerFileError where unreadable."""
    with open_file(path) as file:
        tables = [_inspect_table(file, table) for table in file.tables()]
        return {"tables": tables, "warnings": [warning.as_json() for warning in file.warnings]}


def _inspect_table(file: FmpFile, table: Table) -> dict[str, Any]:
    with_values = cells = 0
    digest = hashlib.sha256()
    for record in file.records(table.id):
        lines = [
            f"[{record.id},{field_id},{repetition},{encode_basestring(text)}]\n"
            for (field_id, repetition), text in sorted(record.values.items())
            if text
        ]
        if lines:
            with_values += 1
            cells += len(lines)
            digest.update("".join(lines).encode())
    in_pieces = file.fields_named_in_pieces(table.id)
    return {
        "id": table.id,
        "name": table.name,
        "fields": [
            {
                "id": field.id,
                "name": None if field.is_nameless or field.id in in_pieces else field.name,
                "kind": field.kind,
                "type": field.type,
                "reps": field.repetitions,
                "global": field.is_global,
            }
            for field in _all_fields(file, table)
        ],
        "records": table.record_count,
        "records_with_data": with_values,
        "cells": cells,
        "cells_sha256": digest.hexdigest(),
        "container_objects": _inspect_containers(file, table),
    }


def _all_fields(file: FmpFile, table: Table) -> list[Field]:
    everything = {field.id: field for field in file.nameless_fields(table.id)}
    everything.update((field.id, field) for field in file.fields(table.id))
    return [everything[field_id] for field_id in sorted(everything)]


def _inspect_containers(file: FmpFile, table: Table) -> list[dict[str, Any]]:
    objects = []
    for container in file.containers(table.id):
        streams = {}
        for name in container.streams:
            digest = hashlib.sha256()
            for chunk in container.chunks(name):
                digest.update(chunk)
            streams[name] = digest.hexdigest()
        objects.append({"id": container.id, "streams": streams})
    return objects


def main(arguments: list[str]) -> int:
    """Print what is in one file as JSON; exit status 1 where it cannot be read."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m onboarding.filemaker.fmp.inspect FILE\n")
        return 2
    try:
        answer = inspect_file(arguments[0])
    except FileMakerFileError as error:
        sys.stdout.write(json.dumps({"error": error.as_json()}) + "\n")
        return 1
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
