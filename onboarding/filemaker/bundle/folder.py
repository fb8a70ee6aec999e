"""The folder in which FileMaker keeps container files outside the database, matched to the cells.

A cell of such a container names its file in several ways, one to a line: `remote:scan.pdf`,
`JPEG:Clinic/Patients/Photo/12/face.jpg`, `imagewin:/C:/Scans/face.jpg`. What is handed over may
begin at any folder of that path (`RC_Data_FMS`, the database's own, one below). So the end of a path
decides: the file that shares the most folders with one of the lines, and at least its name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from onboarding.filemaker.bundle.names import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NOT_PATHS = frozenset({"size", "dpi", "width", "height"})
_KIND = re.compile(r"([A-Za-z][A-Za-z0-9 _]{1,15}):(.*)", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:")
SECURE = "secure"


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A file of the folder: which upload it is in, its path there, its size and CRC-32."""

    upload: str
    path: str
    size: int
    crc: int

    @property
    def is_secure(self) -> bool:
        """True where FileMaker's secure storage put it: there files are encrypted and renamed."""
        return SECURE in (part.lower() for part in self.path.split("/")[:-1])


@dataclass(frozen=True, slots=True)
class Match:
    """What was found for a cell: one file, or why none."""

    entry: FolderEntry | None
    several: int = 0
    """How many different files fit equally well, where that is why none was taken."""


class ContainerFolder:
    """The files of all container folders of a job, found by the ends of their paths."""

    def __init__(self, entries: Iterable[FolderEntry]) -> None:
        self._by_name: dict[str, list[tuple[tuple[str, ...], FolderEntry]]] = defaultdict(list)
        self.count = 0
        for entry in entries:
            parts = parts_of(entry.path)
            if parts:
                self._by_name[parts[-1]].append((parts, entry))
                self.count += 1

    def match(self, lines: Sequence[str]) -> Match:
        """Find the file that the lines of a container cell name."""
        best, found = 0, list[FolderEntry]()
        for wanted in wanted_paths(lines):
            for parts, entry in self._by_name.get(wanted[-1], ()):
                shared = _shared_end(wanted, parts)
                if shared > best:
                    best, found = shared, [entry]
                elif shared == best and entry not in found:
                    found.append(entry)
        if not found:
            return Match(None)
        contents = {(entry.size, entry.crc) for entry in found}
        if len(contents) > 1:
            return Match(None, len(contents))
        return Match(min(found, key=lambda entry: (entry.upload, entry.path)))

    def entries(self) -> Iterable[FolderEntry]:
        for named in self._by_name.values():
            for _, entry in named:
                yield entry


def wanted_paths(lines: Sequence[str]) -> list[tuple[str, ...]]:
    """Answer the paths that the lines of a cell name, in parts, with and without %-escapes."""
    found: dict[tuple[str, ...], None] = {}
    for line in lines:
        match = _KIND.fullmatch(line)
        if match and match[1].strip().lower() in _NOT_PATHS:
            continue
        path = match[2] if match else line
        for form in (path, unquote(path)):
            if parts := parts_of(form):
                found[parts] = None
    return list(found)


def name_in(lines: Sequence[str]) -> str:
    """Answer what the file a cell names is called, or nothing."""
    for line in lines:
        match = _KIND.fullmatch(line)
        if match and match[1].strip().lower() in _NOT_PATHS:
            continue
        name = re.split(r"[/\\]", match[2] if match else line)[-1].strip()
        if name:
            return name
    return ""


def parts_of(path: str) -> tuple[str, ...]:
    """Answer the folders and the name, folded, without what leads up, out or nowhere."""
    parts = (folded(part) for part in re.split(r"[/\\]", path))
    return tuple(p for p in parts if p not in {"", ".", ".."} and not _DRIVE.fullmatch(p))


def _shared_end(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count
