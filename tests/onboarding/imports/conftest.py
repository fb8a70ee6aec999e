from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic
from onboarding.filemaker.demo_clinic.solution import demo_solution
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.fmp.writer import FmpWriter, Record

ROOT = Path(__file__).parents[3]
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A small demo clinic's file, and what must be in it."""
    path = tmp_path_factory.mktemp("demo") / "Clinic.fmp12"
    return write_demo_clinic(path, factor=0.02, seed=20261121, today=TODAY, files=0.09)


@pytest.fixture(scope="session")
def samples():
    """The folder of real sample files, where it is at hand."""
    shared = Path(os.environ.get("NEXUS_SHARED", ROOT.parent / "shared"))
    folder = shared / "filemaker" / "samples"
    if not folder.is_dir():
        pytest.skip(f"the real sample files are not at {folder}")
    return folder


@pytest.fixture
def clinic_file(tmp_path):
    """Writes a small file of the demo clinic's structure: `clinic_file(Patients=[{…}, …])`.

    Records are numbered from 1; a record is its cells by the fields' names.
    """
    written = 0

    def write(**tables):
        nonlocal written
        written += 1
        path = tmp_path / f"small{written}.fmp12"
        with FmpWriter(path, demo_solution()) as fmp:
            for table in demo_solution().tables:
                rows = tables.get(table.name.replace(" ", "_"), [])
                fmp.write_records(
                    table.name,
                    [Record(number, cells) for number, cells in enumerate(rows, start=1)],
                )
        return path

    return write


@pytest.fixture
def edited_copy(demo, tmp_path):
    """The demo clinic's file after three patients were renamed in FileMaker."""
    renamed = 0

    def rename(table, record, cells):
        nonlocal renamed
        if table.name != "Patients" or "Name Last" not in cells or renamed == 3:
            return Record(record.id, cells, record.modification_count)
        renamed += 1
        return Record(record.id, {**cells, "Name Last": "Changed"}, record.modification_count + 1)

    copy = tmp_path / "Clinic.fmp12"
    with open_file(demo.path) as file, FmpWriter(copy, demo_solution()) as fmp:
        for table in demo_solution().tables:
            names = {field.id: field.name for field in table.fields}
            fmp.write_records(
                table.name,
                [rename(table, record, _cells(names, record)) for record in file.records(table.id)],
            )
    return copy


def _cells(names, record):
    return {
        names[field] if repetition == 1 else (names[field], repetition): text
        for (field, repetition), text in record.values.items()
    }
