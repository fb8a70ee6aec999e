"""Writing FileMaker 12 files: the solution's catalogue, its records, its containers.

Describe the tables in a `Solution`, then hand over each table's records in one pass:

    with FmpWriter(path, solution) as fmp:
        fmp.write_records("Patients", [Record(1, {"Name": "Ann"})])

Nothing is held in memory but one page per tree level and one bit per record.
"""

from onboarding.filemaker.fmp.writer.containers import Container
from onboarding.filemaker.fmp.writer.schema import (
    AUSTRALIAN,
    ExternalSource,
    Field,
    FieldKind,
    FieldType,
    Locale,
    Match,
    Occurrence,
    Operator,
    Relationship,
    SchemaError,
    Solution,
    Table,
    ValueList,
)
from onboarding.filemaker.fmp.writer.scsu_encode import UnencodableTextError
from onboarding.filemaker.fmp.writer.tree import EntryTooLargeError, OutOfOrderError
from onboarding.filemaker.fmp.writer.writer import FmpWriter, Record, RecordError

__all__ = [
    "AUSTRALIAN",
    "Container",
    "EntryTooLargeError",
    "ExternalSource",
    "Field",
    "FieldKind",
    "FieldType",
    "FmpWriter",
    "Locale",
    "Match",
    "Occurrence",
    "Operator",
    "OutOfOrderError",
    "Record",
    "RecordError",
    "Relationship",
    "SchemaError",
    "Solution",
    "Table",
    "UnencodableTextError",
    "ValueList",
]
