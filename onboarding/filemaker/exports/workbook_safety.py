"""Whether an Excel file may be unpacked: sizes, ratios, names and document types, looked at first."""

import zipfile
import zlib
from pathlib import Path
from xml.parsers import expat

from onboarding.filemaker.exports.errors import (
    BrokenWorkbookError,
    UnsafeArchiveError,
    XmlEntitiesError,
)

MAX_MEMBERS = 2_000
MAX_UNPACKED = 1024**3
MAX_IN_MEMORY = 128 * 1024**2
"""Of the parts that are read whole: shared texts, styles, the list of sheets."""
MAX_RATIO = 200
_SMALL = 4 * 1024**2
_PIECE = 64 * 1024
_MOST_PROLOGUE = 1024**2


class _RootReachedError(Exception):
    """The root element has begun: what may hold a document type is over."""


def check_workbook(path: Path) -> None:
    """Raise the named error where the archive is not one to unpack. Unpacks only beginnings."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_sizes(members, path.stat().st_size)
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _check_prologue(archive, member)
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        EOFError,
        OSError,
        zlib.error,
    ) as error:
        raise BrokenWorkbookError from error
    except RuntimeError as error:  # zipfile's word for a member with a password
        raise UnsafeArchiveError("Parts of the Excel file are protected by a password.") from error


def _check_sizes(members: list[zipfile.ZipInfo], packed: int) -> None:
    if not any(member.filename.startswith("xl/") for member in members):
        raise BrokenWorkbookError("This is a document of another program, not an Excel workbook.")
    total = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS:
        raise UnsafeArchiveError(f"The Excel file has {len(members):,} parts.")
    if total > MAX_UNPACKED or (total > _SMALL and total > packed * MAX_RATIO):
        raise UnsafeArchiveError(f"The Excel file unpacks to {total / 1e6:,.0f} MB.")
    for member in members:
        sheet = "worksheets/" in member.filename or "media/" in member.filename
        if not sheet and member.file_size > MAX_IN_MEMORY:
            raise UnsafeArchiveError(
                f"A part of the Excel file unpacks to {member.file_size / 1e6:,.0f} MB."
            )
        if member.filename.startswith(("/", "\\")) or ".." in member.filename.split("/"):
            raise UnsafeArchiveError


def _check_prologue(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = _reach_root
    seen = 0
    with archive.open(member) as part:
        while piece := part.read(_PIECE):
            seen += len(piece)
            try:
                parser.Parse(piece, False)
            except _RootReachedError:
                return
            except expat.ExpatError as error:
                raise BrokenWorkbookError from error
            if seen > _MOST_PROLOGUE:
                raise UnsafeArchiveError


def _refuse(*_: object) -> None:
    raise XmlEntitiesError("The Excel file contains a document type, which Excel never writes.")


def _reach_root(*_: object) -> None:
    raise _RootReachedError
