"""Zips from outside: looked at as a whole before one byte is unpacked, and unpacked in pieces.

`examine` refuses, naming the member: names that lead out of their folder, links and devices, passwords,
packings we do not know, bombs (by ratio, by total, by number, by overlapping members), and names that
a file system without regard to case would take for one. A member may lie about its size, so unpacking
counts what comes out.
"""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from lzma import LZMAError
from typing import TYPE_CHECKING, BinaryIO

from onboarding.filemaker.bundle.errors import (
    ArchiveRefusedError,
    DamagedArchiveError,
    LinkInArchiveError,
    NothingInZipError,
    PackingError,
    ProtectedArchiveError,
    SameNameError,
    TooManyMembersError,
    UnsafeNameError,
    ZipBombError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PIECE = 256 * 1024
_UTF8_FLAG, _ENCRYPTED, _STRONG, _MASKED = 0x800, 0x1, 0x40, 0x2000
_KNOWN_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
_UNICODE_PATH = 0x7075
_UNIX, _OSX = 3, 19
_WINDOWS = frozenset({0, 10, 11, 14})
_REPARSE_POINT = 0x400
_LOCAL_HEADER = 30
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_END_SIZE, _MOST_COMMENT = 22, 65_535
_SHOWN = 120
_LEFT_BY_SYSTEMS = frozenset({".ds_store", "thumbs.db", "desktop.ini", "icon\r"})
_BROKEN = (
    zipfile.BadZipFile, EOFError, OSError, zlib.error, LZMAError, struct.error, NotImplementedError,
    ValueError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """What a zip may hold; sizes in bytes."""

    members: int = 100_000
    total: int = 64 * 1024**3
    ratio: int = 200
    from_size: int = 32 * 1024**2
    """A member or zip that unpacks to less than this may have any ratio."""
    directory: int = 64 * 1024**2


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a zip; `path` is its name with “/” between folders, checked and composed (NFC)."""

    path: str
    size: int
    info: zipfile.ZipInfo

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class Archive:
    """A zip that was examined. The file stays the caller's, to be closed after this."""

    def __init__(self, file: BinaryIO, *, limits: Limits = LIMITS) -> None:
        """Examine the whole directory; raise an ArchiveRefusedError for what is not unpacked."""
        packed = _check_directory(file, limits)
        try:
            self._zip = zipfile.ZipFile(file)
        except _BROKEN as error:
            raise DamagedArchiveError from error
        self.members = _examined(self._zip.infolist(), packed, limits)

    @property
    def total(self) -> int:
        """Bytes of all members, unpacked."""
        return sum(member.size for member in self.members)

    def chunks(self, member: Member) -> Iterator[bytes]:
        """Yield a member's bytes; raises DamagedArchiveError where they are not what was promised."""
        found = 0
        try:
            with self._zip.open(member.info) as file:
                while piece := file.read(PIECE):
                    found += len(piece)
                    if found > member.size:
                        raise ZipBombError(
                            f"“{_shown(member.path)}” in the zip is larger than it says.",
                            member=member.path,
                        )
                    yield piece
        except ArchiveRefusedError:
            raise
        except (*_BROKEN, RuntimeError) as error:
            raise _damaged(member) from error
        if found != member.size:
            raise _damaged(member)

    def start(self, member: Member, size: int) -> bytes:
        """Answer the first bytes of a member."""
        start = b""
        for piece in self.chunks(member):
            start += piece
            if len(start) >= size:
                break
        return start[:size]


def _damaged(member: Member) -> DamagedArchiveError:
    return DamagedArchiveError(
        f"“{_shown(member.path)}” in the zip is damaged.", member=member.path
    )


# ── the directory, before it is read into memory ──────────────────────────────────────────────────


def _check_directory(file: BinaryIO, limits: Limits) -> int:
    """Answer the zip's size, after a look at how much there is to read of its directory."""
    size = file.seek(0, 2)
    tail_size = min(size, _END_SIZE + _MOST_COMMENT + 76)
    file.seek(size - tail_size)
    tail = file.read(tail_size)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise DamagedArchiveError
    disk, _, _, count, directory = struct.unpack_from("<4H I", tail, at + 4)
    wide = tail.rfind(_END_64, 0, at)
    if wide >= 0 and len(tail) - wide >= 56:  # noqa: PLR2004 - the record's length
        count, directory = struct.unpack_from("<QQ", tail, wide + 32)
    if disk not in {0, 0xFFFF}:
        raise DamagedArchiveError("This is one part of a zip that was split into several.")
    if count > limits.members or directory > limits.directory:
        raise TooManyMembersError(f"The zip holds {count:,} files.", count=count)
    file.seek(0)
    return size


def _examined(infos: Sequence[zipfile.ZipInfo], packed: int, limits: Limits) -> list[Member]:
    if len(infos) > limits.members:
        raise TooManyMembersError(f"The zip holds {len(infos):,} files.", count=len(infos))
    _check_overlaps(infos)
    members: list[Member] = []
    seen: dict[str, str] = {}
    total = 0
    for info in infos:
        path = _checked_name(info)
        _check_kind(info, path)
        total += info.file_size
        _check_size(info, path, total, limits)
        if info.is_dir() or _is_left_by_a_system(path):
            continue
        other = seen.setdefault(path.casefold(), path)
        if other is not path:
            raise SameNameError(
                f"The zip holds “{_shown(path)}” twice."
                if other == path
                else f"The zip holds “{_shown(other)}” and “{_shown(path)}”, which are one name.",
                member=path,
            )
        members.append(Member(path, info.file_size, info))
    if total > limits.from_size and total > packed * limits.ratio:
        raise ZipBombError(f"The zip of {packed / 1e6:.1f} MB unpacks to {total / 1e6:,.0f} MB.")
    if not members:
        raise NothingInZipError
    return members


def _check_overlaps(infos: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse members that share their bytes: a few of them can stand for terabytes."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            raise ZipBombError(
                f"“{_shown(info.filename)}” in the zip shares its bytes with another file.",
                member=info.filename,
            )
        end = info.header_offset + _LOCAL_HEADER + info.compress_size


def _check_size(info: zipfile.ZipInfo, path: str, total: int, limits: Limits) -> None:
    if total > limits.total:
        raise ZipBombError(
            f"The zip unpacks to more than {limits.total / 1e9:,.0f} GB.", member=path
        )
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > limits.from_size and ratio > limits.ratio:
        raise ZipBombError(
            f"“{_shown(path)}” in the zip unpacks to {info.file_size / 1e6:,.0f} MB, "
            f"{ratio:,.0f} times what it takes in the zip.",
            member=path,
        )


def _check_kind(info: zipfile.ZipInfo, path: str) -> None:
    if info.flag_bits & (_ENCRYPTED | _STRONG | _MASKED):
        raise ProtectedArchiveError(
            f"“{_shown(path)}” in the zip is protected by a password.", member=path
        )
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode) if info.create_system in {_UNIX, _OSX} else 0
    reparses = info.create_system in _WINDOWS and info.external_attr & _REPARSE_POINT
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or reparses:
        raise LinkInArchiveError(f"“{_shown(path)}” in the zip is a link, not a file.", member=path)
    if info.compress_type not in _KNOWN_PACKINGS:
        raise PackingError(
            f"“{_shown(path)}” in the zip is packed in a way we do not unpack "
            f"(method {info.compress_type}).",
            member=path,
        )


# ── names ─────────────────────────────────────────────────────────────────────────────────────────


def _checked_name(info: zipfile.ZipInfo) -> str:
    name = _decoded_name(info)
    slashed = name.replace("\\", "/")
    parts = slashed.split("/")
    has_drive = len(parts[0]) > 1 and parts[0][1] == ":"
    if slashed.startswith("/") or has_drive or ".." in parts:
        raise UnsafeNameError(
            f"“{_shown(name)}” in the zip would be written outside its folder.", member=name
        )
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in slashed.rstrip("\r")):
        raise UnsafeNameError(
            f"“{_shown(name)}” in the zip has a name with hidden characters.", member=_shown(name)
        )
    return "/".join(part for part in parts if part not in {"", "."})


def _decoded_name(info: zipfile.ZipInfo) -> str:
    """Answer the name as it was meant: marked UTF-8, a Unicode extra field, unmarked UTF-8, cp437."""
    raw = info.orig_filename
    if not info.flag_bits & _UTF8_FLAG:
        try:
            encoded = raw.encode("cp437")
        except UnicodeEncodeError:
            encoded = b""
        name = _unicode_path(info.extra, encoded)
        if not name and encoded:
            try:
                name = encoded.decode("utf-8")
            except UnicodeDecodeError:
                name = ""
        raw = name or raw
    return unicodedata.normalize("NFC", raw)


def _unicode_path(extra: bytes, encoded: bytes) -> str:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        body = extra[at + 4 : at + 4 + size]
        if kind == _UNICODE_PATH and len(body) > 5 and body[0] == 1:  # noqa: PLR2004
            if int.from_bytes(body[1:5], "little") == zlib.crc32(encoded):
                return body[5:].decode("utf-8", "ignore")
            return ""
        at += 4 + size
    return ""


def _is_left_by_a_system(path: str) -> bool:
    """True for what macOS and Windows put into folders and zips beside the files."""
    folders, _, name = path.rpartition("/")
    return (
        "__MACOSX" in folders.split("/")
        or path.startswith("__MACOSX")
        or name.startswith("._")
        or name.lower() in _LEFT_BY_SYSTEMS
    )


def _shown(name: str) -> str:
    """Answer a name fit for a message: without what hides or reorders letters, not too long."""
    visible = "".join(letter if unicodedata.category(letter)[0] != "C" else "�" for letter in name)
    return visible if len(visible) <= _SHOWN else f"{visible[: _SHOWN - 1]}…"
