"""Any file a clinic may bring, recognised by its content, not by its name, and opened."""

import re
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from onboarding.filemaker.exports.choices import Choices
from onboarding.filemaker.exports.delimited import DelimitedFile
from onboarding.filemaker.exports.errors import (
    NoColumnsError,
    NoRecordsXmlError,
    ProtectedWorkbookError,
    UnknownFileError,
    XmlGrammarError,
)
from onboarding.filemaker.exports.fmpxml import ROOT, XmlFile
from onboarding.filemaker.exports.safe_xml import sniff_encoding
from onboarding.filemaker.exports.xlsx import XlsxFile
from onboarding.filemaker.fmp.errors import NotFileMakerError, ZipArchiveError
from onboarding.filemaker.fmp.header import SECTOR_SIZE, read_header
from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.fmp.records import Account
from onboarding.filemaker.sources import Source

FileKind = Literal["database", "xml", "workbook", "delimited"]

_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_WORKBOOK_PARTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")
_MEMBER_NAME = slice(30, 60)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_MARKUP = re.compile(r"\s*<[?!a-zA-Z]")
_ROOT_TAG = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)")
_PROLOGUE = re.compile(r"<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?[^>]*>", re.DOTALL)
_DELIMITERS = ",;\t|"
_FORBIDDEN_IN_TEXT = frozenset(range(32)) - {9, 10, 11, 12, 13, 26, 29}
_MOST_FORBIDDEN = 0.005


class OpenSource(Source, Protocol):
    """A `Source` on an open file, with the account of what of a table could not be read."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def close(self) -> None: ...

    def account(self, table_id: int) -> Account | None: ...


def open_source(path: Path | str, *, name: str = "", choices: Choices | None = None) -> OpenSource:
    """Open a database file or an export of any kind; raise a FileMakerFileError if that cannot be.

    `name` is what the person called the file, `choices` what was confirmed about a text file or a
    workbook. Exports are read once from end to end before this returns.
    """
    path = Path(path)
    name = name or path.name
    kind = kind_of(path)
    if kind == "xml":
        return XmlFile(path, name=name, key=choices.key if choices else None)
    if kind == "workbook":
        return XlsxFile(path, choices=choices)
    if kind == "delimited":
        return DelimitedFile(path, name=name, choices=choices)
    return open_file(path)


def kind_of(path: Path) -> FileKind:
    """Say what a file is by its first sector; raise the named error if it is nothing we read."""
    with path.open("rb") as file:
        start = file.read(SECTOR_SIZE)
    return judge_start(start, path.stat().st_size)


def judge_start(start: bytes, size: int) -> FileKind:
    """Judge a file of `size` bytes by its first 4,096, as an upload does with its first part."""
    try:
        read_header(start, size)
    except ZipArchiveError:
        if start.startswith(_ZIP) and start[_MEMBER_NAME].startswith(_WORKBOOK_PARTS):
            return "workbook"
        raise
    except NotFileMakerError:
        return _judge_export(start)
    return "database"


def _judge_export(start: bytes) -> FileKind:
    if start.startswith(_OLE):
        raise ProtectedWorkbookError
    text = start.decode(sniff_encoding(start), "ignore").lstrip("\ufeff")
    if _MARKUP.match(text):
        _check_root(text)
        return "xml"
    if _is_text(start):
        if not any(delimiter in text for delimiter in _DELIMITERS):
            raise NoColumnsError
        return "delimited"
    raise UnknownFileError


def _check_root(text: str) -> None:
    """Refuse XML of another grammar where its root can be seen; entities are the parser's matter."""
    root = _ROOT_TAG.search(_PROLOGUE.sub("", text))
    if root is None or root[1] == ROOT:
        return
    if root[1] in {"FMPReport", "FMSaveAsXML", "FMDynamicTemplate"}:
        raise NoRecordsXmlError
    raise XmlGrammarError


def _is_text(start: bytes) -> bool:
    if start.startswith(_UTF16_MARKS):
        return True
    even, odd = start[::2], start[1::2]
    for one, other in ((even, odd), (odd, even)):
        if other.count(0) > len(other) / 3 and one.count(0) < len(one) / 50:
            start = one
    forbidden = sum(byte in _FORBIDDEN_IN_TEXT for byte in start)
    return forbidden <= len(start) * _MOST_FORBIDDEN
