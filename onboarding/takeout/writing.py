"""Writes an export: all rows as they stood at one instant, then the files, into one zip.

The rows are read in one read-only transaction of isolation REPEATABLE READ, so every table shows the
same instant; it lasts as long as the rows take, blocks nobody, and is over before the first file is
read. Rows come through a cursor in portions, files in blocks, and both go straight into the zip: the
memory it takes does not grow with the clinic.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import shutil
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

from django.db.migrations.recorder import MigrationRecorder
from psycopg import IsolationLevel

from billing_integrations.storage.places import FOLDERS
from clinical.documents.models import Document
from clinical.fhir.export import resources_of_clinic
from onboarding.takeout import manifest, rows
from onboarding.takeout.cells import cell_of
from onboarding.takeout.contents import LEFT_OUT, WITHHELD, exported_tables
from onboarding.takeout.entries import zip_entry
from tenants.checksums import checksum_of_table, columns_of_table, sequences_of_clinic
from tenants.clusters import connection_to
from tenants.ids import uuid7
from tenants.keyring import KeyMissingError
from tenants.migrate import OWNER
from tenants.parcels import seal_parcel
from tenants.scope import shared_rows, tenant_scope
from tenants.storage import BLOCK, StorageUnavailableError, clinic_storage
from tenants.vault import FormerKey, keys_of_clinic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from onboarding.takeout.contents import Table
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


class Wanted(Protocol):
    """What an export is to hold."""

    @property
    def with_files(self) -> bool: ...

    @property
    def with_mark(self) -> bool: ...


class Counter(Protocol):
    """Who hears how far it is."""

    phase: str
    done: int
    total: int


@dataclass
class Written:
    """What stands in the zip."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, str]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Each table as a restore needs it: where it stands, its columns, rows and checksum."""

    @property
    def tables(self) -> list[dict[str, Any]]:
        return [
            {"table": entry["table"], "rows": entry["rows"]}
            for entry in self.entries
            if "table" in entry
        ]


class TakeoutWriter:
    """Writes one export to a path; the caller is outside every scope."""

    def __init__(
        self,
        tenant: Tenant,
        wanted: Wanted,
        progress: Counter,
        *,
        actor: Actor,
        using: str = "default",
    ) -> None:
        self.tenant, self.wanted, self.progress, self.actor = tenant, wanted, progress, actor
        self.using = using
        self.written = Written()
        self._sealed = io.BytesIO()
        self._sequences: dict[str, Any] = {}
        self._migrations: list[tuple[str, str]] = []
        self._documents: dict[str, tuple[str, str]] = {}
        self._infected: set[str] = set()
        self._keys: list[FormerKey] = []
        self._bindings: list[tuple[str, str]] = []

    def write(self, path: Path, *, at: datetime) -> Written:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            with (
                one_instant(self.tenant, self.using),
                tenant_scope(self.tenant, using=self.using, actor=self.actor),
            ):
                self._write_tables(archive)
                self._write_rows(archive)
                self._write_fhir(archive)
                self._look_at_files()
            if self.wanted.with_files:
                self._write_files(archive, path)
            else:
                self._check_room(path, 0)
            self._write_words(archive, at)
            manifested = self._manifest(at)
            self._seal(archive, manifested)
            text = json.dumps(manifested, ensure_ascii=False, indent=1)
            archive.writestr(manifest.MANIFEST, text)
        return self.written

    # ── tables ───────────────────────────────────────────────────────────────────────────────────

    def _write_tables(self, archive: zipfile.ZipFile) -> None:
        tables = exported_tables()
        self.progress.total = sum(table.rows.count() for table in tables)
        for table in tables:
            self.progress.phase = str(table.model._meta.verbose_name_plural)
            self._write_table(archive, table)

    def _write_table(self, archive: zipfile.ZipFile, table: Table) -> None:
        found = table.rows.order_by("pk").values_list(*_attributes(table))
        count = 0
        with zip_entry(archive, table.path) as (out, digest):
            text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
            if self.wanted.with_mark:
                text.write(MARK)
            lines = csv.writer(text, lineterminator="\r\n")
            lines.writerow(table.columns)
            for row in found.iterator(chunk_size=PORTION):
                lines.writerow([cell_of(value) for value in row])
                count += 1
                self.progress.done += 1
            text.flush()
            text.detach()
        self._enter(table.path, digest.facts, table=table.name, rows=count)

    def _write_rows(self, archive: zipfile.ZipFile) -> None:
        """Every table to the last byte; what is for nobody's eyes into the sealed part."""
        self.progress.phase = "lossless copies"
        with zipfile.ZipFile(self._sealed, "w", zipfile.ZIP_DEFLATED) as sealed:
            for table in rows.kept_tables():
                columns = list(columns_of_table(table))
                name, secret = f"rows/{table}.copy", rows.is_for_nobody(table, columns)
                count = 0
                with zip_entry(sealed if secret else archive, name) as (out, digest):
                    for block in rows.copied(table):
                        out.write(block)
                        count += block.count(b"\n")
                if not secret:
                    self._enter(name, digest.facts, rows=count)
                total = checksum_of_table(table)
                if total.rows != count:  # pragma: no cover - one instant, one set of rights
                    raise RuntimeError(f"{table}: {count} rows were copied, {total.rows} counted")
                where = manifest.SEALED if secret else name
                self.written.kept[table] = {
                    "path": name, "in": where, "columns": columns, **total.as_json()
                }  # fmt: skip
                self.progress.done += 0
        self._keys = keys_of_clinic()
        with shared_rows() as cursor:
            cursor.execute(
                "SELECT digest, connection_id::text FROM public.tenants_vendorbinding "
                "WHERE tenant_id = %s",
                [self.tenant.pk],
            )
            self._bindings = cursor.fetchall()
        self._migrations = sorted(
            MigrationRecorder.Migration.objects.using(self.using).values_list("app", "name")
        )
        with tenant_scope_of_owner(self.tenant, self.using):
            self._sequences = {name: list(at) for name, at in sequences_of_clinic().items()}

    def _write_fhir(self, archive: zipfile.ZipFile) -> None:
        self.progress.phase = "FHIR resources"
        for kind, found in groupby(resources_of_clinic(), key=lambda pair: pair[0]):
            count, path = 0, f"fhir/{kind}.ndjson"
            with zip_entry(archive, path) as (out, digest):
                for _, resource in found:
                    text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
                    out.write(text.encode() + b"\n")
                    count += 1
                    self.progress.done += 0
            self._enter(path, digest.facts, resources=count)

    def _enter(self, path: str, facts: dict[str, Any], **more: Any) -> None:
        self.written.entries.append({"path": path, **more, **facts})

    # ── files ────────────────────────────────────────────────────────────────────────────────────

    def _look_at_files(self) -> None:
        """Note of each stored document what its bytes should come to, by where it lies."""
        stored = Document.objects.filter(state=Document.State.STORED)
        listed = stored.values_list("storage_key", "sha256", "pk", "scan")
        for key, sha256, pk, scan in listed.iterator(chunk_size=PORTION):
            if scan == Document.Scan.INFECTED:
                self._infected.add(key)
            else:
                self._documents[key] = (sha256, str(pk))

    def _write_files(self, archive: zipfile.ZipFile, path: Path) -> None:
        """Copy what lies in the clinic's folders, whether its row says a document or a preview."""
        with self._scope():
            storage = clinic_storage()
            names = {name for folder in FOLDERS for name in storage.names_below(folder)}
            wanted = sorted((names | set(self._documents)) - self._infected)
            size = sum(storage.size_or_none(name) or 0 for name in wanted)
        self._check_room(path, size)
        self.progress.phase, self.progress.done, self.progress.total = "files", 0, len(wanted)
        for name in wanted:
            self._write_file(archive, name)

    def _write_file(self, archive: zipfile.ZipFile, key: str) -> None:
        """Copy one file; one that is not there, or not as it was stored, is told and passed over."""
        self.progress.done += 1
        sha256, document = self._documents.get(key, ("", ""))
        try:
            with self._scope():
                stream = clinic_storage().stream(key)
        except (FileNotFoundError, StorageUnavailableError) as error:
            why = "missing" if isinstance(error, FileNotFoundError) else "storage does not answer"
            self._miss(document, key, why)
            return
        try:
            with zip_entry(archive, f"files/{key}", plain=True) as (out, digest):
                while block := stream.read(BLOCK):
                    out.write(block)
        finally:
            stream.close()
        self._enter(f"files/{key}", digest.facts, document=document)
        if sha256 and digest.facts["sha256"] != sha256:
            self._miss(document, key, "not the bytes that were stored")

    def _miss(self, document: str, key: str, why: str) -> None:
        self.written.missing.append({"document": document, "key": key, "why": why})

    def _scope(self) -> Any:
        return tenant_scope(self.tenant, using=self.using, actor=self.actor)

    def _check_room(self, path: Path, size: int) -> None:
        if shutil.disk_usage(path.parent).free < size + ROOM_TO_SPARE:
            raise NoRoomError(size + ROOM_TO_SPARE)

    # ── what is said of it ───────────────────────────────────────────────────────────────────────

    def _write_words(self, archive: zipfile.ZipFile, at: datetime) -> None:
        read_me = manifest.read_me(self.tenant.name, f"{at:%d %b %Y}")
        for name, text in (
            (manifest.README, read_me),
            (manifest.VERIFY, manifest.verify_script()),
        ):
            with zip_entry(archive, name) as (out, digest):
                out.write(text.encode())
            self._enter(name, digest.facts)

    def _seal(self, archive: zipfile.ZipFile, manifested: dict[str, Any]) -> None:
        """Close the part that only this platform opens; it vouches for the others."""
        keys = [
            {
                "id": str(key.id),
                "clinic": key.clinic,
                "wrapped": base64.b64encode(key.wrapped).decode(),
                "wrapped_by": key.wrapped_by,
            }
            for key in self._keys
        ]
        with zipfile.ZipFile(self._sealed, "a") as sealed:
            sealed.writestr(manifest.EVIDENCE, json.dumps(manifest.evidence_of(manifested)))
            sealed.writestr(manifest.KEYS, json.dumps(keys))
            sealed.writestr(manifest.BINDINGS, json.dumps(self._bindings))
        context = f"{manifest.SEALED_FOR}\n{manifested['archive']}"
        try:
            parcel = seal_parcel(self._sealed.getvalue(), context=context)
        except KeyMissingError as error:
            why = f"cannot be restored: {error}"
            manifested["problems"].append({"part": manifest.SEALED, "why": why})
            return
        with zip_entry(archive, manifest.SEALED, plain=True) as (out, digest):
            out.write(parcel)
        self._enter(manifest.SEALED, digest.facts)

    def _manifest(self, at: datetime) -> dict[str, Any]:
        tenant = self.tenant
        return {
            "form": manifest.FORM,
            "version": manifest.VERSION,
            "archive": str(uuid7()),
            "clinic": {
                "id": tenant.pk,
                "name": tenant.name,
                "subdomain": tenant.subdomain,
                "accent": tenant.accent,
                "time_zone": tenant.time_zone,
                "region": tenant.region,
                "plan": tenant.plan,
                "flags": tenant.flags,
            },
            "written_at": at.isoformat(),
            "software": {"migrations": [list(pair) for pair in self._migrations]},
            "consistency": manifest.CONSISTENCY,
            "format": {
                "encoding": "utf-8-sig" if self.wanted.with_mark else "utf-8",
                "line_end": "CRLF",
                "empty": "an empty cell is an empty text or no value; rows/ tells the two apart",
                "times": "ISO 8601, UTC",
                "formulas": manifest.FORMULAS,
            },
            "tables": self.written.kept,
            "sequences": self._sequences,
            "entries": self.written.entries,
            "problems": self.written.missing,
            "left_out": {
                **LEFT_OUT,
                **{f"{table}.{column}": why for (table, column), why in WITHHELD.items()},
            },
            "files_included": self.wanted.with_files,
        }


def _attributes(table: Table) -> list[str]:
    by_column = {str(f.column): str(f.attname) for f in table.model._meta.concrete_fields}
    return [by_column[column] for column in table.columns]


@contextmanager
def tenant_scope_of_owner(tenant: Tenant, using: str) -> Iterator[None]:
    """Read as the owner what the app may not, such as where the series of numbers stand.

    Inside the transaction of another connection: these figures know no transactions anyway.
    """
    if using == OWNER:
        yield
        return
    with tenant_scope(tenant, using=OWNER):
        yield


@contextmanager
def one_instant(tenant: Tenant, using: str = "default") -> Iterator[None]:
    """Have the next transaction of this thread see one instant only, and write nothing.

    Inside a transaction that runs already (in tests) it is that one's instant.
    """
    connection = connection_to(using, tenant.cluster)
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
