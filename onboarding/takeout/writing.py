"""Writes an export: all rows as they stood at one instant, then the files, into one zip.

The rows are read in one read-only transaction of isolation REPEATABLE READ, so every table shows the
same instant; it lasts as long as the rows take, blocks nobody, and is over before the first file is
read. Rows come through a cursor in portions, files in blocks, and both go straight into the zip: the
memory it takes does not grow with the clinic.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from django.db import connections
from psycopg import IsolationLevel

from clinical.documents.models import Document
from onboarding.takeout.cells import cell_of
from onboarding.takeout.contents import LEFT_OUT, WITHHELD, exported_tables
from tenants.scope import tenant_scope
from tenants.storage import BLOCK, StorageUnavailableError, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from onboarding.takeout.contents import Table
    from onboarding.takeout.models import Takeout
    from onboarding.takeout.progress import Progress
    from tenants.models import Tenant
    from tenants.scope import Actor

PORTION = 2_000
ROOM_TO_SPARE = 200 * 1024**2
MARK = "\ufeff"


class NoRoomError(Exception):
    """The disk on which the export is put together has too little room."""

    def __init__(self, needed: int) -> None:
        super().__init__(
            f"There is not enough room on the server: about {needed / 1e9:.1f} GB are needed. "
            "Ask for the export without files, or tell us."
        )


@dataclass
class Written:
    """What stands in the zip."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, str]] = field(default_factory=list)

    @property
    def tables(self) -> list[dict[str, Any]]:
        return [
            {"table": entry["table"], "rows": entry["rows"]}
            for entry in self.entries
            if "table" in entry
        ]


@dataclass(frozen=True)
class _File:
    key: str
    sha256: str
    size: int
    document: str


class TakeoutWriter:
    """Writes one export to a path; the caller is outside every scope."""

    def __init__(
        self, tenant: Tenant, takeout: Takeout, progress: Progress, *, actor: Actor
    ) -> None:
        self.tenant, self.takeout, self.progress, self.actor = tenant, takeout, progress, actor
        self.written = Written()

    def write(self, path: Path, *, at: datetime) -> Written:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            with one_instant(), tenant_scope(self.tenant, actor=self.actor):
                self._write_tables(archive)
                files = self._files() if self.takeout.with_files else []
            self._check_room(path, sum(file.size for file in files))
            self.progress.phase, self.progress.done = "files", 0
            self.progress.total = len(files)
            for file in files:
                self._write_file(archive, file)
            self._write_manifest(archive, at)
        return self.written

    def _write_tables(self, archive: zipfile.ZipFile) -> None:
        tables = exported_tables()
        counts = [table.rows.count() for table in tables]
        self.progress.total = sum(counts)
        for table in tables:
            self.progress.phase = str(table.model._meta.verbose_name_plural)
            self._write_table(archive, table)

    def _write_table(self, archive: zipfile.ZipFile, table: Table) -> None:
        rows = table.rows.order_by("pk").values_list(*_attributes(table))
        count = 0
        with _entry(archive, table.path) as (out, digest):
            text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
            if self.takeout.with_mark:
                text.write(MARK)
            lines = csv.writer(text, lineterminator="\r\n")
            lines.writerow(table.columns)
            for row in rows.iterator(chunk_size=PORTION):
                lines.writerow([cell_of(value) for value in row])
                count += 1
                self.progress.done += 1
            text.flush()
            text.detach()
        self.written.entries.append(
            {"path": table.path, "table": table.name, "rows": count, **digest.facts}
        )

    def _files(self) -> list[_File]:
        """Name every stored file once: the same bytes may be two documents'."""
        stored = (
            Document.objects.filter(state=Document.State.STORED)
            .exclude(scan=Document.Scan.INFECTED)
            .order_by("storage_key", "pk")
            .distinct("storage_key")
        )
        found = stored.values_list("storage_key", "sha256", "size", "pk")
        return [_File(key, sha256, size or 0, str(pk)) for key, sha256, size, pk in found]

    def _write_file(self, archive: zipfile.ZipFile, file: _File) -> None:
        """Copy one file; one that is not there, or not as it was stored, is told and passed over."""
        self.progress.done += 1
        try:
            with tenant_scope(self.tenant, actor=self.actor):
                stream = clinic_storage().stream(file.key)
        except (FileNotFoundError, StorageUnavailableError) as error:
            why = "missing" if isinstance(error, FileNotFoundError) else "storage does not answer"
            self.written.missing.append({"document": file.document, "key": file.key, "why": why})
            return
        try:
            name = f"files/{file.key}"
            with _entry(archive, name, plain=True) as (out, digest):
                while block := stream.read(BLOCK):
                    out.write(block)
        finally:
            stream.close()
        self.written.entries.append({"path": name, "document": file.document, **digest.facts})
        if digest.facts["sha256"] != file.sha256:
            why = "not the bytes that were stored"
            self.written.missing.append({"document": file.document, "key": file.key, "why": why})

    def _check_room(self, path: Path, size: int) -> None:
        if shutil.disk_usage(path.parent).free < size + ROOM_TO_SPARE:
            raise NoRoomError(size + ROOM_TO_SPARE)

    def _write_manifest(self, archive: zipfile.ZipFile, at: datetime) -> None:
        manifest = {
            "clinic": self.tenant.name,
            "written_at": at.isoformat(),
            "consistency": (
                "All tables show the clinic at one instant (one read-only transaction). Files were "
                "copied afterwards; each is named by the checksum of its content, so none can have "
                "changed, and one removed meanwhile is listed under problems."
            ),
            "format": {
                "encoding": "utf-8-sig" if self.takeout.with_mark else "utf-8",
                "line_end": "CRLF",
                "empty": "an empty cell is an empty text or no value",
                "times": "ISO 8601, UTC",
                "formulas": (
                    "A text that begins with = + - @ or a control character has an apostrophe "
                    "before it, so that no spreadsheet runs it. Take one apostrophe away from each "
                    "cell that matches ^'+[=+\\-@\\t\\r\\n] to have the text as it stood."
                ),
            },
            "entries": self.written.entries,
            "problems": self.written.missing,
            "left_out": {
                **LEFT_OUT,
                **{f"{table}.{column}": why for (table, column), why in WITHHELD.items()},
            },
            "files_included": self.takeout.with_files,
        }
        archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
        archive.writestr("README.txt", _README.format(clinic=self.tenant.name, at=f"{at:%d %b %Y}"))


_README = """{clinic}: everything, {at}

tables/   one CSV for each kind of record; columns that end in _id name the row of another table
files/    documents and images as they were stored, where asked for; documents_document.csv names each
          by storage_key, with its title, patient and date
manifest.json   how many rows each table has, the SHA-256 of every entry, and what is left out and why

This file holds health information. Keep it where only those can reach it who must.
"""


class _Digest:
    """Counts and hashes what passes through to a zip entry."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out, self._hash, self._size = out, hashlib.sha256(), 0

    def write(self, data: Any) -> int:
        self._hash.update(data)
        self._size += len(data)
        return self._out.write(data)

    @property
    def facts(self) -> dict[str, Any]:
        return {"bytes": self._size, "sha256": self._hash.hexdigest()}


class _Raw(io.RawIOBase):
    def __init__(self, digest: _Digest) -> None:
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self._digest.write(bytes(data))


@contextmanager
def _entry(
    archive: zipfile.ZipFile, name: str, *, plain: bool = False
) -> Iterator[tuple[Any, _Digest]]:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_STORED if plain else zipfile.ZIP_DEFLATED
    with archive.open(info, "w", force_zip64=True) as out:
        digest = _Digest(out)
        buffered = io.BufferedWriter(_Raw(digest), buffer_size=BLOCK)
        yield buffered, digest
        buffered.flush()


def _attributes(table: Table) -> list[str]:
    by_column = {str(f.column): str(f.attname) for f in table.model._meta.concrete_fields}
    return [by_column[column] for column in table.columns]


@contextmanager
def one_instant() -> Iterator[None]:
    """Have the next transaction of this thread see one instant only, and write nothing.

    Inside a transaction that runs already (in tests) it is that one's instant.
    """
    connection = connections["default"]
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    raw: Any = connection.connection
    raw.isolation_level, raw.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        yield
    finally:
        if not raw.closed:
            raw.isolation_level, raw.read_only = None, None
