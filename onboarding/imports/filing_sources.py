"""Where the bytes of a container cell come from: the source itself, or an uploaded container folder."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from onboarding.filemaker.bundle.folder import ContainerFolder, name_in
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.filemaker.sources import ContainerRef
from onboarding.imports.bundle import container_zips, folder_entries
from onboarding.imports.models import ImportSource
from onboarding.imports.opening import open_archive, open_import_source
from tenants.scope import NOBODY, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from onboarding.filemaker.bundle.archive import Archive, Member
    from onboarding.filemaker.bundle.folder import FolderEntry, Match
    from onboarding.filemaker.exports.detect import OpenSource
    from onboarding.filemaker.sources import ContainerObject
    from onboarding.imports.models import SourceFile
    from tenants.models import Tenant
    from tenants.scope import Actor

_MAGIC = {
    "pdf": (b"%PDF",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG",),
    "gif": (b"GIF8",),
    "tif": (b"II*\0", b"MM\0*"),
    "tiff": (b"II*\0", b"MM\0*"),
    "docx": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "doc": (b"\xd0\xcf\x11\xe0",),
    "xls": (b"\xd0\xcf\x11\xe0",),
}
SECURE_WORDS = (
    "FileMaker keeps this file in secure storage, where only FileMaker itself can read it. Connect to "
    "the server, or move the field to open storage in FileMaker and hand over that folder."
)


class FileUnavailableError(Exception):
    """The file cannot be had; the message says why. `is_missing`: handing over more can help."""

    def __init__(self, message: str, *, is_missing: bool) -> None:
        super().__init__(message)
        self.is_missing = is_missing


@dataclass(frozen=True)
class Bytes:
    """A file that was found: what it is called, and its bytes in pieces."""

    name: str
    chunks: Iterator[bytes]


class FilesOfRun:
    """Finds the files of a source's container cells; opens what it needs when it is first needed."""

    def __init__(self, source: ImportSource, *, tenant: Tenant, actor: Actor = NOBODY) -> None:
        self._source, self._tenant, self._actor = source, tenant, actor
        self._stack = ExitStack()
        self._opened: OpenSource | None = None
        self._archives: dict[str, tuple[Archive, dict[str, Member]]] = {}
        self._zips: dict[str, SourceFile] = {}
        self._folder = ContainerFolder(())

    def __enter__(self) -> Self:
        with tenant_scope(self._tenant, actor=self._actor):
            self._zips = {str(file.pk): file for file in container_zips(self._source)}
        self._folder = ContainerFolder(folder_entries(list(self._zips.values())))
        if self._source.state != ImportSource.State.DISCARDED:
            opening = open_import_source(self._source, tenant=self._tenant, actor=self._actor)
            self._opened = self._stack.enter_context(opening)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def find(self, table_id: int, cell: str) -> Bytes:
        """Find the file a cell stands for; raises FileUnavailableError, also while it is read."""
        reference = ContainerRef.from_cell(cell)
        if reference.object_id is not None:
            return self._embedded(table_id, reference.object_id)
        name = name_in(reference.paths)
        return Bytes(name, self._external(self._folder.match(reference.paths), name))

    def _embedded(self, table_id: int, object_id: int) -> Bytes:
        if self._opened is None:
            raise FileUnavailableError(
                "The uploaded file was deleted before its documents were brought over. "
                "Upload it again.",
                is_missing=True,
            )
        try:
            found = self._opened.container(table_id, object_id)
        except LookupError:
            found = None
        except FileMakerFileError as error:
            raise _told(error) from error
        if found is None or not found.main:
            raise FileUnavailableError(
                "FileMaker's own store has nothing under the number in this field: the file was "
                "deleted there, or lies in a damaged part.",
                is_missing=True,
            )
        return Bytes(found.file_name, _whole(found))

    def _external(self, match: Match, name: str) -> Iterator[bytes]:
        """Answer the bytes of a file of the folder; says at once why there are none."""
        entry = match.entry
        if entry is None:
            raise FileUnavailableError(_why_none(match, self._folder), is_missing=True)
        return self._unpacked(entry, name)

    def _unpacked(self, entry: FolderEntry, name: str) -> Iterator[bytes]:
        try:
            archive, members = self._archive(entry.upload)
            is_first = True
            for piece in archive.chunks(members[entry.path]):
                if is_first and entry.is_secure and _is_disguised(name, piece):
                    raise FileUnavailableError(SECURE_WORDS, is_missing=False)
                is_first = False
                yield piece
        except (FileMakerFileError, KeyError) as error:
            raise _told(error) from error

    def _archive(self, key: str) -> tuple[Archive, dict[str, Member]]:
        if key not in self._archives:
            opening = open_archive(self._zips[key], tenant=self._tenant, actor=self._actor)
            archive = self._stack.enter_context(opening)
            self._archives[key] = archive, {member.path: member for member in archive.members}
        return self._archives[key]


def _whole(found: ContainerObject) -> Iterator[bytes]:
    """Yield an object's bytes; one that is not whole is not taken for the file."""
    arrived = 0
    try:
        for piece in found.chunks():
            arrived += len(piece)
            yield piece
    except FileMakerFileError as error:
        raise _told(error) from error
    if arrived != found.size:
        raise FileUnavailableError(
            f"Only {arrived:,} of {found.size:,} bytes of this file are in the uploaded database: "
            "it is damaged there.",
            is_missing=False,
        )


def _told(error: Exception) -> FileUnavailableError:
    words = str(error) if isinstance(error, FileMakerFileError) else "The zip has changed."
    return FileUnavailableError(words, is_missing=False)


def _why_none(match: Match, folder: ContainerFolder) -> str:
    """Say why there is no file; without its name, so that the like are counted together."""
    if match.several:
        return (
            f"{match.several} files in the folder could be this one, and they differ. Hand "
            "over the folder as it is, with its own folders inside."
        )
    if folder.count:
        return "The folder that was handed over has no file of this name."
    return "FileMaker keeps this file outside the database. Add the folder as a zip."


def _is_disguised(name: str, start: bytes) -> bool:
    """True where a file's first bytes are not those of what its name says."""
    known = _MAGIC.get(name.rpartition(".")[2].lower())
    return known is not None and not start.startswith(known)
