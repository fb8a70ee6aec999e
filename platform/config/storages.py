"""`STORAGE_URL` → Django's STORAGES entry and the local folder for files under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from config.env import EnvironmentVariableError

if TYPE_CHECKING:
    from pathlib import Path

SHAPES = (
    "{variable} must look like file:///var/lib/nexus/files or "
    "s3://bucket/prefix?region=ap-southeast-2&kms=key-id (endpoint=https://… for a store that is "
    "not Amazon's; the access keys stand in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, not here)."
)


@dataclass(frozen=True)
class FileStorage:
    backend: str
    options: dict[str, Any]
    work_dir: str

    @classmethod
    def parse(cls, url: str, *, var: Path, variable: str = "STORAGE_URL") -> FileStorage:
        """Read the URL; raises EnvironmentVariableError for what is neither a folder nor a bucket."""
        parts = urlsplit(url)
        if parts.scheme == "file" and parts.path.startswith("/") and not parts.netloc:
            folder = unquote(parts.path)
            options = {
                "location": folder,
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            }
            return cls("tenants.storage.ScopedFileSystemStorage", options, folder)
        if parts.scheme != "s3" or not parts.hostname or parts.username:
            raise EnvironmentVariableError(SHAPES.format(variable=variable))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if unknown := set(query) - {"region", "endpoint", "kms"}:
            shapes = SHAPES.format(variable=variable)
            raise EnvironmentVariableError(f"{shapes} It has {', '.join(sorted(unknown))}.")
        options = {
            "bucket": parts.netloc,
            "prefix": unquote(parts.path).strip("/"),
            **{name: query.get(name, "") for name in ("region", "endpoint", "kms")},
        }
        return cls("tenants.object_storage.ScopedS3Storage", options, str(var / "work"))

    def django(self) -> dict[str, Any]:
        return {"BACKEND": self.backend, "OPTIONS": self.options}
