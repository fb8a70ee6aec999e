"""Stored files stand below the clinic's own folder; a name can never leave it."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage

from tenants.scope import current_scope

if TYPE_CHECKING:
    from django.core.files.base import File


class ScopedFileSystemStorage(FileSystemStorage):
    """Local disk, a folder per clinic; raises NoTenantError outside a scope."""

    def path(self, name: str) -> str:
        key = current_scope().key
        if name.startswith("/") or ".." in name.split("/"):
            raise SuspiciousFileOperation(f"{name!r} is not a storage key.")
        return super().path(f"{key}/{name}")

    def _save(self, name: str, content: File[bytes] | IO[bytes]) -> str:
        super()._save(name, content)  # type: ignore[misc]
        return name
