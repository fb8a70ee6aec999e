"""The stored files of a clinic as they go into a backup: those in the platform's storage, and no others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onboarding.backups.errors import BackupError
from tenants.models import Tenant
from tenants.scope import Scope, entered, public_scope, scope_of
from tenants.storage import (
    StorageUnavailableError,
    Stream,
    clinic_storage,
    platform_storage,
)

if TYPE_CHECKING:
    from onboarding.backups.archive import ArchiveWriter
    from onboarding.backups.piping import Reader

FOLDERS = ("patients", "unlinked", "imports", "threads", "reports")
"""Where a clinic's files lie; exports and parts of files under way are not kept."""
PASSING = ("imports/plain/",)
OWN_BUCKET = (
    "files in the clinic's own bucket: they are in the clinic's care and in none of our backups"
)


@dataclass(frozen=True)
class Files:
    """The names of a clinic's files, and what is left out."""

    scope: Scope
    names: list[str]
    left_out: list[str]

    def add_to(self, archive: ArchiveWriter, member: str, name: str) -> dict[str, Any] | None:
        """Add one file; None where it is gone. Raises BackupError where the storage does not answer."""
        storage = platform_storage()
        try:
            with entered(self.scope):
                size = storage.size_or_none(name)
                stream = storage.stream(name) if size is not None else None
        except FileNotFoundError:
            return None
        except StorageUnavailableError as error:
            raise BackupError(f"The files cannot be read: {error}") from error
        if stream is None or size is None:
            return None
        hashed = _Hashed(stream)
        try:
            archive.add_stream(member, size, hashed)
        except OSError as error:
            raise BackupError("A stored file ended before its end: read it again.") from error
        finally:
            stream.close()
        return {"size": size, "sha256": hashed.digest.hexdigest()}


class _Hashed:
    def __init__(self, source: Stream | Reader) -> None:
        self._source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        block = self._source.read(size)
        self.digest.update(block)
        return block


def files_of(tenant_id: int) -> Files:
    """Answer the files of a clinic that lie with us."""
    with public_scope(using="owner"):
        scope = scope_of(Tenant.objects.get(pk=tenant_id))
    with entered(scope):
        left_out = [OWN_BUCKET] if clinic_storage() is not platform_storage() else []
        try:
            names = [
                name
                for folder in FOLDERS
                for name in platform_storage().names_below(folder)
                if not name.startswith(PASSING) and not name.endswith(".part")
            ]
        except StorageUnavailableError as error:
            raise BackupError(f"The files cannot be listed: {error}") from error
    return Files(scope, names, left_out)
