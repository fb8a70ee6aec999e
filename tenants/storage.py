"""Stored files stand below the clinic's own folder; a name can never leave it.

`clinic_storage()` is what the rest of the code uses: Django's default storage with the few verbs it
lacks, or what stands before it for a clinic that keeps its files in a bucket of its own. Where files lie
on local disk the default is `ScopedFileSystemStorage`, in an object store
`tenants.object_storage.ScopedS3Storage`; `STORAGE_URL` says which. `work_dir()` is always local.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage, default_storage

from tenants.scope import active_scope, current_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.core.files.base import File

BLOCK = 256 * 1024


class StorageUnavailableError(Exception):
    """The storage cannot be reached or has no room; trying again later can help.

    `code` is what an object store itself calls it, and empty where it did not answer.
    """

    def __init__(self, message: str = "", *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Stream(Protocol):
    """Bytes of a stored file; readable after the scope that opened it has ended."""

    def read(self, size: int = ..., /) -> bytes: ...

    def close(self) -> None: ...


class ClinicStorage(Protocol):
    """What a clinic's storage can do. Names are relative to the clinic's folder.

    Needs the clinic's scope; raises StorageUnavailableError when the storage does not answer.
    """

    def adopt(self, path: Path, name: str, *, media_type: str = ...) -> None:
        """Take a file of the local disk in under this name, whole or not at all.

        The local file may be gone afterwards. What stood there before is replaced.
        """

    def size_or_none(self, name: str) -> int | None:
        """Answer how many bytes are stored under the name; None where there is nothing."""

    def stream(self, name: str, *, start: int = 0) -> Stream:
        """Open the file from byte `start`; raises FileNotFoundError where there is none."""

    def names_below(self, folder: str) -> Iterator[str]:
        """Name every file in the folder and in those below it."""

    def delete(self, name: str) -> None:
        """Delete the file; one that is not there is deleted already."""


_places: list[Callable[[ClinicStorage], ClinicStorage | None]] = []


def lies_elsewhere(answer: Callable[[ClinicStorage], ClinicStorage | None]) -> None:
    """Register what knows of clinics whose files lie somewhere of their own.

    It gets the platform's storage and answers what stands before it, or None for clinics without.
    """
    _places.append(answer)


def platform_storage() -> ClinicStorage:
    """Answer the storage of this installation, where a clinic's files lie unless it has its own."""
    return cast("ClinicStorage", default_storage)


def clinic_storage() -> ClinicStorage:
    """Answer where the files of the clinic in scope lie; ask once for a piece of work.

    May ask the database: threads are given what their parent has asked for.
    """
    storage = platform_storage()
    scope = active_scope()
    if scope is None or not scope.is_clinic:
        return storage
    return next((found for place in _places if (found := place(storage))), storage)


def work_dir(*parts: str) -> Path:
    """Answer a local folder of the clinic for files under way, made if need be.

    Uploads that come in parts, archives that are unpacked, files on their way to the object store.
    With files on local disk it is the clinic's storage folder itself, so that taking a file in is a
    rename; else it is below NEXUS_VAR. It must be shared by web and worker on the same host.
    """
    name = "/".join(parts)
    folder = Path(settings.WORK_DIR) / current_scope().key
    if name:
        folder /= checked_name(name)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def checked_name(name: str) -> str:
    """Answer the name if it is a plain relative path; raises SuspiciousFileOperation if not."""
    segments = name.split("/")
    if "\\" in name or "\0" in name or {"", ".", ".."} & set(segments[:-1]) or segments[-1] == "..":
        raise SuspiciousFileOperation(f"{name!r} is not a storage key.")
    return name


class ScopedFileSystemStorage(FileSystemStorage):
    """Local disk, a folder per clinic; raises NoTenantError outside a scope."""

    def path(self, name: str) -> str:
        key = current_scope().key
        return super().path(f"{key}/{checked_name(name)}")

    def _save(self, name: str, content: File[bytes] | IO[bytes]) -> str:
        super()._save(name, content)  # type: ignore[misc]
        return name

    def adopt(self, path: Path, name: str, *, media_type: str = "") -> None:  # noqa: ARG002 - a disk keeps no types
        target = Path(self.path(name))
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.chmod(0o600)
            _sync(path)
            _rename(path, target)
        except OSError as error:
            raise StorageUnavailableError(
                f"The file could not be stored: {error.strerror or 'the disk did not answer'}."
            ) from error

    def size_or_none(self, name: str) -> int | None:
        try:
            return Path(self.path(name)).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageUnavailableError("The disk with the files does not answer.") from error

    def stream(self, name: str, *, start: int = 0) -> Stream:
        try:
            opened = Path(self.path(name)).open("rb")  # noqa: SIM115 - the caller closes it
            opened.seek(start)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StorageUnavailableError("The disk with the files does not answer.") from error
        return opened

    def names_below(self, folder: str) -> Iterator[str]:
        root = Path(self.path(""))
        for parent, _folders, files in os.walk(self.path(folder)):
            for file in sorted(files):
                yield (Path(parent) / file).relative_to(root).as_posix()


def _sync(path: Path) -> None:
    """Have the bytes on the disk before the name says that they are there."""
    with path.open("rb") as file:
        os.fdatasync(file.fileno())


def _rename(path: Path, target: Path) -> None:
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The folders lie on different disks: copy beside the target, then rename.
        beside = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            shutil.copyfile(path, beside)
            _sync(beside)
            beside.replace(target)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
