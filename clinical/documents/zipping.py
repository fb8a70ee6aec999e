"""All files of a patient as one archive, made while it is sent: nothing of it is kept anywhere."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clinical.documents.models import Document
from clinical.documents.rules import is_servable, visible_documents
from clinical.documents.serving import plain_name, saved_name
from tenants.storage import BLOCK, StorageUnavailableError, clinic_storage
from ui.spreadsheets import safe_cell

if TYPE_CHECKING:
    from accounts.models import User
    from clinical.patients.models import Patient

Scoped = Callable[[], AbstractContextManager[object]]
COLUMNS = ("file", "kind", "category", "title", "view", "date", "batch", "size", "sha256",
           "media type", "name it came with", "virus scan", "remark")  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line of the index; `name` is '' for a document whose file cannot come along."""

    document: Document
    name: str


def entries_of(actor: User, patient: Patient) -> list[Entry]:
    """Name every file of the patient as the archive holds it, archived documents too."""
    documents = visible_documents(actor).filter(patient=patient).select_related("batch")
    taken: set[str] = set()
    entries = []
    for document in documents.order_by("kind", "dated_on", "id"):
        name = _name(document, taken) if is_servable(document) else ""
        entries.append(Entry(document, name))
    return entries


def archive(entries: list[Entry], *, scope: Scoped) -> Iterator[bytes]:
    """Answer the archive piece by piece; `scope` opens the clinic to reach its storage.

    A file that cannot be read when its turn comes is named in `not-included.txt`.
    """
    buffer = _Buffer()
    missing: list[str] = []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
        packed.writestr("index.csv", index_of(entries))
        for entry in entries:
            if not entry.name:
                continue
            try:
                with scope():
                    stream = clinic_storage().stream(entry.document.storage_key)
            except (FileNotFoundError, StorageUnavailableError):
                missing.append(entry.name)
                continue
            dated = entry.document.dated_on
            info = zipfile.ZipInfo(
                entry.name,
                (dated.year, dated.month, dated.day, 0, 0, 0)
                if dated and 1980 <= dated.year < 2108  # noqa: PLR2004 - the dates an archive can hold
                else (1980, 1, 1, 0, 0, 0),
            )
            try:
                with packed.open(info, "w", force_zip64=True) as member:
                    while block := stream.read(BLOCK):
                        member.write(block)
                        yield buffer.taken()
            finally:
                stream.close()
        if missing:
            packed.writestr("not-included.txt", "\n".join(missing))
    yield buffer.taken()


def index_of(entries: list[Entry]) -> bytes:
    """Answer the table of contents, to be opened by a spreadsheet."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for entry in entries:
        document = entry.document
        table.writerow(
            safe_cell(value)
            for value in (
                entry.name,
                document.get_kind_display(),
                document.category,
                document.title,
                document.caption,
                document.dated_on or "",
                document.batch.name if document.batch else "",
                document.size if document.size is not None else "",
                document.sha256,
                document.media_type,
                document.file_name,
                document.get_scan_display() if document.storage_key else "",
                _remark(document),
            )
        )
    return text.getvalue().encode("utf-8-sig")


def _remark(document: Document) -> str:
    said = [document.problem] if document.problem else []
    if document.state != Document.State.STORED:
        said.insert(0, document.get_state_display())
    if document.is_archived:
        said.append("Archived")
    return ". ".join(said)


def _name(document: Document, taken: set[str]) -> str:
    folder = "documents"
    if document.kind == Document.Kind.IMAGE:
        batch = document.batch
        folder = f"images/{plain_name(str(batch))}" if batch is not None else "images"
    dated = f"{document.dated_on} " if document.dated_on else ""
    stem, _dot, ending = saved_name(document).rpartition(".")
    name, number = f"{folder}/{dated}{stem}.{ending}", 1
    while name.casefold() in taken:
        number += 1
        name = f"{folder}/{dated}{stem} ({number}).{ending}"
    taken.add(name.casefold())
    return name


class _Buffer(io.RawIOBase):
    """What the archive has written and nobody has sent yet. It cannot seek, so nothing is patched."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, piece) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001 - any buffer
        self._pieces.append(bytes(piece))
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        """Answer the bytes that have come since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
