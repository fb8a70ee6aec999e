"""What an import keeps of a person, and how it goes: the text of their records, images, staged rows.

A record that is gone must not come back with the next import of the same file: it is left out from then on
as long as it stands there as it did. The uploaded file itself holds everybody and is discarded first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections

from clinical.rights.erasure import Obstacle, Part, clinic_url
from onboarding.imports.models import ImportRun, ImportSource
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clinical.rights.erasure import Person, Row

LOOKED_AFTER = {
    "imports_importlink": "found by the ids of what was made of a record",
    "imports_rowchange": "found by the same ids",
    "imports_rowresult": "found by the same ids and records",
    "imports_stagedrecord": "found by the records of the links",
    "imports_correction": "found by the records of the links",
    "imports_filetask": "found by the documents",
    "imports_importrun": "figures and reports without values; the copy made before a load is discarded first",
    "imports_importsource": "the shape of a file and examples of it; discarded with the file",
    "imports_sourcefile": "the list of an archive's files; discarded with the file",
    "imports_mapping": "the clinic's own rules",
    "imports_verification": "found by the person's words",
    "imports_runprogress": "counters",
    "imports_filemakerconnection": "the clinic's own server",
}


def obstacles(person: Person) -> Iterator[Obstacle]:  # noqa: ARG001 - a file holds everybody
    """Say where a whole file, or a copy of all records, still lies."""
    url = clinic_url("imports:list")
    if ImportRun.objects.filter(state__in=ImportRun.WORKING).exists():
        yield Obstacle("An import is at work. Wait until it has ended.", url)
    held = ImportSource.objects.exclude(
        state__in=[ImportSource.State.DISCARDED, ImportSource.State.REFUSED]
    ).exclude(storage_key="", files=None)
    if held.exists():
        yield Obstacle("An uploaded file of an import still lies here. Discard it first.", url)
    if ImportRun.objects.filter(snapshot__has_key="key").exclude(snapshot__key="").exists():
        yield Obstacle(
            "A copy of all records from before an import still lies here. It goes by itself, or "
            "when the import is confirmed.",
            url,
        )


def collect(person: Person) -> Iterator[Row]:
    """Name the importer's rows about what is erased, and leave its records out of later imports."""
    links = _ask(
        "SELECT id::text, source_key, table_id, record_id, payload_hash FROM imports_importlink "
        "WHERE target_id = ANY (%s::uuid[])",
        [person.keys],
    )
    for key, *_record in links:
        yield "imports_importlink", key
    records = [(source, table, record) for _key, source, table, record, _hash in links]
    _leave_out(links)
    for table, condition in (
        ("imports_rowchange", "target_id = ANY (%(keys)s::uuid[])"),
        ("imports_filetask", "document_id = ANY (%(keys)s::uuid[])"),
        (
            "imports_rowresult",
            "target_id = ANY (%(keys)s::uuid[]) OR raw::text ~* %(pattern)s",
        ),
        (
            "imports_stagedrecord",
            "(table_id, record_id) IN (SELECT * FROM unnest(%(tables)s::int[], %(records)s::bigint[]))",
        ),
        (
            "imports_correction",
            "kind <> 'leave_out' AND (source_key, table_id, record_id) IN "
            "(SELECT * FROM unnest(%(sources)s::text[], %(tables)s::int[], %(records)s::bigint[]))",
        ),
        ("imports_verification", "report::text ~* %(pattern)s"),
    ):
        values = {
            "keys": person.keys,
            "sources": [source for source, _table, _record in records],
            "tables": [table_id for _source, table_id, _record in records],
            "records": [record for _source, _table, record in records],
            "pattern": _pattern(person.words),
        }
        for (key,) in _ask(f"SELECT id::text FROM {table} WHERE {condition}", values):  # noqa: S608 - constants
            yield table, key


def _leave_out(links: list[tuple[Any, ...]]) -> None:
    if not links:
        return
    columns = list(zip(*links, strict=True))
    _do(
        "INSERT INTO imports_correction (id, source_key, table_id, record_id, kind, place, was, text, "
        "payload_hash, made_by, created_at) SELECT gen_random_uuid(), source, tab, rec, 'leave_out', "
        "'', '', 'erased', hash, 'an erasure', now() FROM unnest(%s::text[], %s::int[], %s::bigint[], "
        "%s::text[]) AS gone (source, tab, rec, hash) ON CONFLICT (source_key, table_id, record_id, "
        "kind, place) DO UPDATE SET payload_hash = excluded.payload_hash, text = excluded.text",
        [list(column) for column in columns[1:]],
    )


def _ask(statement: str, values: Any) -> list[tuple[Any, ...]]:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _do(statement: str, values: Any) -> None:
    with connections[current_scope().alias].cursor() as cursor:
        cursor.execute(statement, values)


def _pattern(words: list[str]) -> str:
    escaped = ["".join(c if c.isalnum() else f"\\{c}" for c in word) for word in words]
    return "|".join(escaped) or "$.^"


PART = Part("imports", check=obstacles, collect=collect)
