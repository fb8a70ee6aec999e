"""What the clinic's records were before a load: counted, summed up, and copied out under seal.

A snapshot is, for each table of the clinic's records, the number of rows and an order-free checksum
over them, kept with the run for good; and one file with every row as a line of JSON, compressed and
sealed with the clinic's own key, kept in its storage for as long as the uploaded file is. It is made
in the load's own transaction, under the clinic's wall, and counts as made only after the file was read
back, opened and found to hold what the database says is there. What others write while the import is
at work is not in it.

Taking a run back does not need it (`RowChange` holds every row it touched): it proves that taking it
back has led to the same rows, and is the last resort where that is not enough.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection
from django.db.models import GeneratedField

from clinical.search.functions import COLUMN as SEARCH_COLUMN
from onboarding.imports.loading.writing import MODELS, volatile
from onboarding.imports.models import ImportRun
from onboarding.imports.runs import ImportRefusedError
from tenants.storage import clinic_storage, work_dir
from tenants.vault import open_stream, seal_stream

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from django.db.models import Model

PACKAGES = ("clinical.", "billing_integrations.")
"""Where the clinic's records live."""
PROVIDER = "imports"
KEPT = timedelta(days=30)
"""How long the copy stays after the load; counts and checksums stay with the run for good."""
BLOCK = 256 * 1024
_DIGITS = 15
"""Hex digits of each row's MD5 that are added up: sums of a billion rows stay exact in a numeric."""
_MODULUS = 2**60


class SnapshotError(ImportRefusedError):
    """The copy could not be made, or does not hold what is in the clinic; nothing was loaded."""


@dataclass(frozen=True)
class Sum:
    """How many rows a table has, and the sum of their digests in hex: equal only for equal rows."""

    rows: int
    checksum: str
    lasting: str = field(default="", compare=False)
    """The same without what the machinery keeps in the rows, such as where a file is stored."""

    def as_json(self) -> dict[str, Any]:
        return {"rows": self.rows, "checksum": self.checksum, "lasting": self.lasting}


def snapshot_models() -> list[type[Model]]:
    """Answer the models whose rows are the clinic's records, in the order of their apps.

    A model whose rows the database makes from others (`is_derived`) records nothing.
    """
    return [
        model
        for config in apps.get_app_configs()
        if config.name.startswith(PACKAGES)
        for model in config.get_models()
        if not getattr(model, "is_derived", False)
    ]


def table_sums() -> dict[str, Sum]:
    """Count and sum up every table of the clinic's records as they are now."""
    return {model._meta.db_table: _sum_of(model) for model in snapshot_models()}


def _sum_of(model: type[Model]) -> Sum:
    table = model._meta.db_table
    summed = (
        f"coalesce(sum(('x' || left(md5((to_jsonb(t) - %s::text[])::text), {_DIGITS}))"
        "::bit(60)::bigint), 0)"
    )
    left_out = _left_out(model)
    machine = next((volatile(kind) for kind, known in MODELS.items() if known is model), ())
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT count(*), {summed}, {summed} FROM "{table}" AS t',  # noqa: S608 - our tables
            [left_out, [*left_out, *machine]],
        )
        rows, total, lasting = cursor.fetchone()
    return Sum(rows, _hex(int(total)), _hex(int(lasting)))


def _left_out(model: type[Model]) -> list[str]:
    """Columns that are no part of what was recorded: the wall's, and what the database derives."""
    derived = [str(f.column) for f in model._meta.concrete_fields if isinstance(f, GeneratedField)]
    return ["tenant_id", SEARCH_COLUMN, *derived]


def _hex(total: int) -> str:
    return f"{total % _MODULUS:015x}"


def key_of(run_id: uuid.UUID) -> str:
    return f"imports/snapshots/{run_id.hex}.jsonl.z.sealed"


def make_snapshot(run: ImportRun) -> dict[str, Any]:
    """Copy the clinic's records out and verify the copy; answers what the run keeps of it.

    Raises SnapshotError where the copy does not hold what the database says.
    """
    key = key_of(run.pk)
    expected = table_sums()
    path = work_dir("imports", "snapshots") / f"{run.pk.hex}.part"
    try:
        with path.open("wb") as file:
            path.chmod(0o600)
            for piece in seal_stream(_packed(_lines()), provider=PROVIDER, field=key):
                file.write(piece)
        size = path.stat().st_size
        clinic_storage().adopt(path, key)
    finally:
        path.unlink(missing_ok=True)
    found = read_sums(key)
    wrong = [table for table, sum_ in expected.items() if found.get(table, Sum(0, _hex(0))) != sum_]
    if wrong:
        raise SnapshotError(
            "The copy of the clinic's records does not agree with the records "
            f"({', '.join(wrong)}): somebody may just have changed one. Try again."
        )
    return {
        "key": key,
        "bytes": size,
        "rows": sum(sum_.rows for sum_ in expected.values()),
        "tables": {table: sum_.as_json() for table, sum_ in expected.items()},
    }


def _lines() -> Iterator[bytes]:
    """Write a heading for each table and then its rows, each a line of JSON."""
    for model in snapshot_models():
        table = model._meta.db_table
        yield json.dumps({"table": table}).encode() + b"\n"
        with connection.chunked_cursor() as cursor:
            cursor.execute(
                f'SELECT (to_jsonb(t) - %s::text[])::text FROM "{table}" AS t',  # noqa: S608 - our tables
                [_left_out(model)],
            )
            while rows := cursor.fetchmany(1_000):
                yield "".join(f"{text}\n" for (text,) in rows).encode()


def _packed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=1)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


def read_lines(key: str) -> Iterator[tuple[str, str]]:
    """Open a snapshot; answers each row with its table. Raises VaultError where it was changed."""
    opened = open_stream(_blocks(key), provider=PROVIDER, field=key)
    unpacker = zlib.decompressobj()
    table, rest = "", b""
    for piece in opened:
        *lines, rest = (rest + unpacker.decompress(piece)).split(b"\n")
        for line in lines:
            if line.startswith(b'{"table": "'):
                table = str(json.loads(line)["table"])
            else:
                yield table, line.decode()


def _blocks(key: str) -> Iterator[bytes]:
    stream = clinic_storage().stream(key)
    try:
        while block := stream.read(BLOCK):
            yield block
    finally:
        stream.close()


def read_sums(key: str) -> dict[str, Sum]:
    """Count and sum up what a snapshot holds."""
    rows: dict[str, int] = {}
    totals: dict[str, int] = {}
    for table, line in read_lines(key):
        digest = hashlib.md5(line.encode(), usedforsecurity=False).hexdigest()
        rows[table] = rows.get(table, 0) + 1
        totals[table] = totals.get(table, 0) + int(digest[:_DIGITS], 16)
    return {table: Sum(count, _hex(totals[table])) for table, count in rows.items()}


def differences(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answer the tables that are not now as the snapshot says, with both counts; [] where all are.

    Looked at are the tables that imports bring rows into.
    """
    brought = {model._meta.db_table for model in MODELS.values()}
    now = table_sums()
    return [
        {"table": table, "rows_then": then["rows"], "rows_now": now[table].rows}
        for table, then in kept.get("tables", {}).items()
        if table in brought
        and table in now
        and (now[table].rows, now[table].lasting) != (then["rows"], then["lasting"])
    ]


def drop_unfinished(run_id: uuid.UUID) -> None:
    """Delete the copy of a load that has not come to its end: the clinic is as it was."""
    if not ImportRun.objects.filter(pk=run_id, snapshot__has_key="key").exists():
        clinic_storage().delete(key_of(run_id))


def discard_old_snapshots(*, now: datetime) -> int:
    """Delete the copies that have stayed long enough in the clinic in scope; answers how many."""
    old = ImportRun.objects.filter(loaded_at__lt=now - KEPT).exclude(snapshot__key="")
    gone = 0
    for run in old.filter(snapshot__has_key="key"):
        discard_snapshot(run)
        gone += 1
    return gone


def discard_snapshot(run: ImportRun) -> None:
    """Delete the copy; the counts and checksums stay with the run."""
    if key := run.snapshot.get("key"):
        clinic_storage().delete(key)
        run.snapshot = {**run.snapshot, "key": ""}
        run.save(update_fields=["snapshot"])
