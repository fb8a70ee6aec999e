"""Sector 0: which kind of file this is, and whether it can be read at all."""

import re
from dataclasses import dataclass

from onboarding.filemaker.fmp.errors import (
    DamagedFileError,
    EmptyFileError,
    EncryptedFileError,
    HtmlPageError,
    LfsPointerError,
    NotFileMakerError,
    TooOldFileError,
    TruncatedFileError,
    ZipArchiveError,
)

SECTOR_SIZE = 4096
MAGIC = bytes.fromhex("0001000000020001000500020002C0")
PLAIN = b"HBAM7"
ENCRYPTED = b"HBAMe"
GENERATIONS = {0x1D: "fp7", 0x1E: "fmp12"}

_KIND_AT = slice(15, 20)
_SECTOR_SIZE_AT = slice(20, 24)
_GENERATION_AT = 521
_HINT_AT = slice(0x32, 0xFA)
_LEAST_SECTORS = 2


@dataclass(frozen=True, slots=True)
class Header:
    """What sector 0 says: the generation (`fp7` or `fmp12`) and the program that shaped it."""

    generation: str
    format_name: str


def read_header(start: bytes, size: int) -> Header:
    """Judge a file of `size` bytes by its first sector; raise the named error if it is no use."""
    if size == 0:
        raise EmptyFileError
    if start[_KIND_AT] == ENCRYPTED:
        raise EncryptedFileError(_password_hint(start))
    if start[_KIND_AT] != PLAIN:
        _refuse(start)
    if size < _LEAST_SECTORS * SECTOR_SIZE:
        raise TruncatedFileError(size=size)
    if int.from_bytes(start[_SECTOR_SIZE_AT], "big") != SECTOR_SIZE:
        raise DamagedFileError("The file's first sector is damaged: its sector size is wrong.")
    name_length = start[541]
    return Header(
        generation=GENERATIONS.get(start[_GENERATION_AT], "fmp12"),
        format_name=start[542 : 542 + min(name_length, 31)].decode("latin-1"),
    )


def _refuse(start: bytes) -> None:
    if start.startswith(b"version https://git-lfs"):
        raise LfsPointerError
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        raise ZipArchiveError
    beginning = start[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if beginning.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        raise HtmlPageError
    if start.startswith(MAGIC):
        made_by = re.search(rb"Pro [3-6]\.\d", start)
        raise TooOldFileError("fp3/fp5 " + made_by.group().decode() if made_by else "fp3/fp5")
    if start and MAGIC.startswith(start[: len(MAGIC)]):
        raise TruncatedFileError(size=len(start))
    raise NotFileMakerError


def _password_hint(start: bytes) -> str:
    text = start[_HINT_AT].decode("utf-16-le", "replace").partition("\x00")[0]
    return "".join(character for character in text if character.isprintable())
