"""Storing many files at once, for an import: the bytes side by side, the rows in one statement.

Storing one file costs a wait for the disk (or for the object store) and three trips to the database.
Here the waits run beside each other in a few threads, and a batch's rows are written by one UPDATE.
The rules are those of `services.store_file`; only the order of the work is another.
"""

from __future__ import annotations

import contextvars
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import connection
from django.utils import timezone

from clinical.documents.models import Document
from clinical.documents.receiving import MAX_BYTES, TooLargeError, received
from clinical.documents.services import key_for
from clinical.documents.sniffing import FileType, RefusedFileError, type_of
from tenants.storage import StorageUnavailableError, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from clinical.documents.receiving import Received
    from tenants.storage import ClinicStorage

THREADS = 4
"""More hardly help on a disk, whose journal writes together what waits together."""
MAX_WAITING = 64 * 1024**2
"""Bytes on their way at one time; a single larger file goes alone."""

_WRITE = """
UPDATE documents_document AS d SET
    state = n.state, problem = n.problem, file_name = n.file_name, storage_key = n.storage_key,
    sha256 = n.sha256, size = n.size, media_type = n.media_type, scan = n.scan,
    width = CASE WHEN n.renewed THEN NULL ELSE d.width END,
    height = CASE WHEN n.renewed THEN NULL ELSE d.height END,
    thumbnail_key = CASE WHEN n.renewed THEN '' ELSE d.thumbnail_key END,
    changed_at = %s
FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
            %s::text[], %s::text[], %s::boolean[])
    AS n (id, state, problem, file_name, storage_key, sha256, size, media_type, scan, renewed)
WHERE d.id = n.id
"""


@dataclass
class _Coming:
    """A file on its way into storage, and what its document will say when it is there."""

    document: Document
    arrived: Received
    found: FileType
    key: str
    stored: Future[None]


class ManyFiles:
    """Stores the files of one batch inside the caller's scope; `settle` ends the batch.

    Whatever `chunks` raises passes through `add`, with nothing stored of that file.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._pool = self._stack.enter_context(ThreadPoolExecutor(THREADS))
        self._coming: list[_Coming] = []
        self._touched: dict[Document, bool] = {}
        self._keys: dict[str, Future[None]] = {}
        self._bytes = 0
        self._storage: ClinicStorage | None = None
        self.outage = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def add(self, document: Document, chunks: Iterable[bytes]) -> None:
        """Take a document's bytes in; what becomes of it stands in the document after `settle`."""
        held = ExitStack()
        try:
            arrived = held.enter_context(received(chunks, limit=MAX_BYTES))
            found = type_of(arrived.path, name=document.file_name)
        except (RefusedFileError, TooLargeError) as refusal:
            held.close()
            self.say(document, Document.State.REFUSED, str(refusal))
            return
        except StorageUnavailableError as error:
            held.close()
            self.outage = str(error)
            self.say(document, Document.State.AWAITING, self.outage)
            return
        self._stack.push(held.pop_all())
        is_same = document.storage_key != "" and document.sha256 == arrived.sha256
        key = (
            document.storage_key if is_same else key_for(document, arrived.sha256, found.extension)
        )
        self._coming.append(
            _Coming(document, arrived, found, key, self._store(key, arrived, found))
        )
        self._bytes += arrived.size
        if self._bytes > MAX_WAITING:
            self._gather()

    def say(self, document: Document, state: str, problem: str) -> None:
        """Say why no file came, unless the document has one already."""
        if document.state == Document.State.STORED:
            document.problem = f"A newer file did not come: {problem}"
        else:
            document.state, document.problem = state, problem
        self._touched.setdefault(document, False)

    def settle(self) -> None:
        """Wait for what is on its way, and write all rows of the batch."""
        self._gather()
        rows, self._touched = self._touched, {}
        self._storage = None
        if rows:
            _write(rows)

    def _store(self, key: str, arrived: Received, found: FileType) -> Future[None]:
        if key not in self._keys:
            run = contextvars.copy_context().run
            if self._storage is None:  # asked for here: the threads have no transaction
                self._storage = clinic_storage()
            self._keys[key] = self._pool.submit(run, _adopt, self._storage, key, arrived, found)
        return self._keys[key]

    def _gather(self) -> None:
        coming, self._coming, self._bytes = self._coming, [], 0
        for file in coming:
            try:
                file.stored.result()
            except StorageUnavailableError as error:
                self.outage = str(error)
                self.say(file.document, Document.State.AWAITING, self.outage)
            else:
                self._touched[file.document] = _note(file)


def _adopt(storage: ClinicStorage, key: str, arrived: Received, found: FileType) -> None:
    if storage.size_or_none(key) != arrived.size:
        storage.adopt(arrived.path, key, media_type=found.media_type)


def _note(file: _Coming) -> bool:
    """Set what the document says of its file; answers whether that is another file than before."""
    document = file.document
    was_there = document.state == Document.State.STORED and document.storage_key == file.key
    document.state, document.problem = Document.State.STORED, ""
    if was_there:
        return False
    document.storage_key, document.sha256 = file.key, file.arrived.sha256
    document.size, document.media_type = file.arrived.size, file.found.media_type
    document.width = document.height = None
    document.thumbnail_key = ""
    document.scan = Document.Scan.PENDING if settings.CLAMD_URL else Document.Scan.NOT_SCANNED
    return True


def _write(rows: dict[Document, bool]) -> None:
    documents = list(rows)
    columns = (
        "state",
        "problem",
        "file_name",
        "storage_key",
        "sha256",
        "size",
        "media_type",
        "scan",
    )
    values = [[getattr(document, name) for document in documents] for name in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE, [timezone.now(), [d.pk for d in documents], *values, list(rows.values())]
        )
