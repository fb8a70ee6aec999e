"""The passwords and keys of an installation, made once and kept in a file only we can read."""

from __future__ import annotations

import json
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "admin",
    "nexus_owner",
    "nexus_app",
    "nexus_platform",
    "nexus_backup",
    "valkey",
    "secret_key",
    "vault_key",
    "push_key",
)


class SecretsDamagedError(RuntimeError):
    """The file of secrets cannot be read."""


def load_or_make(path: Path) -> dict[str, str]:
    """All secrets by name; what is missing is made and written before it is returned."""
    kept = _read(path)
    missing = [name for name in NAMES if name not in kept]
    if missing:
        kept |= {name: secrets.token_urlsafe(32) for name in missing}
        write_private(path, json.dumps(kept, indent=2))
    return kept


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        kept: dict[str, str] = json.loads(path.read_text())
    except ValueError as error:
        raise SecretsDamagedError(
            f"{path} is not readable JSON ({error}). Restore it from a copy; without it the "
            "database's passwords are lost. `make demo-reset` starts over with empty data."
        ) from error
    return kept


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
