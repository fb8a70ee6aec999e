"""An archive as a restore reads it: known by its form, whole in every part, vouched for by this platform."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import IO, TYPE_CHECKING, Any, Self
from uuid import UUID

from onboarding.takeout import manifest
from tenants.keyring import VaultError
from tenants.parcels import open_parcel
from tenants.vault import FormerKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

BLOCK = 1024 * 1024
FILES = "files/"


class ArchiveError(Exception):
    """The archive cannot be used; the message says which part of it, why, and what to do."""


class Archive:
    """An open archive. Nothing of it is to be trusted before `check` has passed."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
            said = json.loads(self._zip.read(manifest.MANIFEST))
        except FileNotFoundError:
            raise ArchiveError(f"There is no file {path} on this server.") from None
        except (OSError, zipfile.BadZipFile, KeyError, ValueError, EOFError):
            raise ArchiveError(
                "This is no archive of Nexus, or its end is missing: fetch the file again."
            ) from None
        if not isinstance(said, dict) or said.get("form") != manifest.FORM:
            raise ArchiveError(
                "This is no archive that can be restored: its manifest is another's."
            )
        if said.get("version") != manifest.VERSION:
            raise ArchiveError(
                f"The archive has form {said.get('version')}, this version of Nexus restores form "
                f"{manifest.VERSION}: use the version that wrote it, and export again with this one."
            )
        self.said: dict[str, Any] = said
        self._secret: zipfile.ZipFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._zip.close()

    @property
    def clinic(self) -> dict[str, Any]:
        return dict(self.said["clinic"])

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        return dict(self.said["tables"])

    @property
    def migrations(self) -> set[tuple[str, str]]:
        return {(app, name) for app, name in self.said["software"]["migrations"]}

    # ── is it whole ──────────────────────────────────────────────────────────────────────────────

    def check(self, *, heard: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """Read every part to its end; raises ArchiveError naming the one that is not as it was written."""
        try:
            named = {entry["path"]: entry for entry in self.said["entries"]}
            there = set(self._zip.namelist()) - {manifest.MANIFEST}
            for path in sorted(set(named) - there):
                raise ArchiveError(f"{path} is missing: fetch the archive again.")
            for path in sorted(there - set(named)):
                raise ArchiveError(
                    f"{path} is not in the manifest: somebody has added to the archive."
                )
            for done, (path, entry) in enumerate(named.items()):
                heard(done, len(named))
                self._check_part(path, entry)
            self._check_evidence()
        except (KeyError, TypeError, AttributeError):
            raise ArchiveError("The manifest is not one that this platform has written.") from None

    def _check_part(self, path: str, entry: dict[str, Any]) -> None:
        digest, size = hashlib.sha256(), 0
        try:
            for block in self.blocks(path):
                digest.update(block)
                size += len(block)
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError):
            size = -1
        if size != entry["bytes"] or digest.hexdigest() != entry["sha256"]:
            raise ArchiveError(f"{path} is damaged: fetch the archive again, or use another one.")

    def _check_evidence(self) -> None:
        """The sums in the manifest are no proof: who edits a part edits them too. The sealed part is."""
        if json.loads(self._sealed().read(manifest.EVIDENCE)) != manifest.evidence_of(self.said):
            raise ArchiveError(
                "The archive was changed after it was written: what its sealed part vouches for is not "
                "what stands in it. Use the archive as it was written."
            )

    # ── what is in it ────────────────────────────────────────────────────────────────────────────

    def blocks(self, path: str) -> Iterator[bytes]:
        with self._zip.open(path) as part:
            yield from _blocks(part)

    def rows(self, table: str) -> Iterator[bytes]:
        """Yield a table's COPY text, from wherever it stands."""
        kept = self.tables[table]
        if kept["in"] != manifest.SEALED:
            yield from self.blocks(kept["path"])
            return
        with self._sealed().open(kept["path"]) as part:
            yield from _blocks(part)

    def files(self) -> list[dict[str, Any]]:
        return [entry for entry in self.said["entries"] if entry["path"].startswith(FILES)]

    def keys(self) -> list[FormerKey]:
        """Answer the data keys that the clinic's secrets are sealed with, wrapped as they were."""
        return [
            FormerKey(
                UUID(key["id"]), key["clinic"], base64.b64decode(key["wrapped"]), key["wrapped_by"]
            )
            for key in json.loads(self._sealed().read(manifest.KEYS))
        ]

    def bindings(self) -> list[tuple[str, str]]:
        """Answer which vendors' accounts led to which of the clinic's connections."""
        return [(digest, pk) for digest, pk in json.loads(self._sealed().read(manifest.BINDINGS))]

    def _sealed(self) -> zipfile.ZipFile:
        if self._secret is None:
            try:
                parcel = self._zip.read(manifest.SEALED)
                context = f"{manifest.SEALED_FOR}\n{self.said['archive']}"
                content = open_parcel(parcel, context=context)
            except KeyError:
                raise ArchiveError(
                    "The archive has no sealed part: it was written where NEXUS_KEYS was not set, and "
                    "can be read by people, but not restored."
                ) from None
            except VaultError as error:
                raise ArchiveError(
                    f"{error} An archive is restored on the platform that wrote it, with its keys."
                ) from None
            self._secret = zipfile.ZipFile(io.BytesIO(content))
        return self._secret


def _blocks(part: IO[bytes]) -> Iterator[bytes]:
    while block := part.read(BLOCK):
        yield block
