"""Files of codes: read line by line, told what is wrong with them in words, kept as an edition.

Nothing of a classification stands in this code but names of whole chapters in our own words.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from itertools import islice
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from django.db import transaction

from accounts.permissions import Action, Resource
from clinical.practice.rules import require
from clinical.problems.models import Code, CodeList
from clinical.problems.selectors import normalise_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from accounts.models import User

MOST_BYTES = 100 * 1024 * 1024
MOST_CODES = 300_000
MOST_REMARKS = 30
BATCH = 2000
CODE_LENGTH = 24
TITLE_LENGTH = 500
_BLOCK = 256 * 1024
_SAMPLE = 200
_CODE = re.compile(r"[A-Z][0-9][0-9A-Z.+*/-]{0,12}")
_CODE_NAMES = ("code", "icd code", "icdcode", "icd10am", "code id", "diagnosis code", "icd 10 code")
_TITLE_NAMES = (
    "ascii desc", "description", "title", "long description", "term", "name", "descriptor", "text",
    "label", "short description", "ascii short desc",
)  # fmt: skip


class CodeFileError(ValueError):
    """The file cannot be loaded; the message says what is wrong with it and what to do."""


Pair = tuple[int, str, str]
"""Line of the file, code, title."""


@transaction.atomic
def load_codes(file: Any, *, actor: User, at: datetime, name: str, edition: str) -> CodeList:
    """Load a file as an edition to be checked; `file` reads bytes, seeks, has name and size.

    Raises CodeFileError; nothing is kept then. Memory holds the codes' keys only.
    """
    require(actor, Action.CHANGE, Resource.SETTINGS)
    if file.size > MOST_BYTES:
        raise CodeFileError(f"The file has more than {MOST_BYTES // 1024**2} MB.")
    loaded = CodeList.objects.create(
        name=name.strip(),
        edition=edition.strip(),
        file_name=file.name[-200:],
        loaded_by=actor.name,
        loaded_at=at,
    )
    remarks: list[str] = []
    pairs = _checked(read_codes(file), loaded, remarks)
    while batch := list(islice(pairs, BATCH)):
        Code.objects.bulk_create(batch)
        loaded.size += len(batch)
    if not loaded.size:
        raise CodeFileError(
            "No codes were found in the file. "
            + (remarks[0] if remarks else "It needs a column of codes and a column of titles.")
        )
    loaded.remarks = remarks[:MOST_REMARKS]
    loaded.skipped = len(remarks)
    loaded.save()
    return loaded


@transaction.atomic
def use_code_list(code_list: CodeList, *, actor: User) -> CodeList:
    """Take an edition into use; the one of the same name that was in use is retired."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    others = CodeList.objects.filter(name=code_list.name, state=CodeList.State.IN_USE)
    others.exclude(pk=code_list.pk).update(state=CodeList.State.RETIRED)
    code_list.state = CodeList.State.IN_USE
    code_list.save(update_fields=["state"])
    return code_list


def retire_code_list(code_list: CodeList, *, actor: User) -> CodeList:
    """Offer its codes no more. Problems keep those they have."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    code_list.state = CodeList.State.RETIRED
    code_list.save(update_fields=["state"])
    return code_list


def discard_code_list(code_list: CodeList, *, actor: User) -> None:
    """Throw an edition away that is not in use."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    if code_list.state == CodeList.State.IN_USE:
        raise CodeFileError("This edition is in use. Take another into use first.")
    Code.objects.filter(code_list=code_list).delete()
    code_list.delete()


@transaction.atomic
def add_sample(*, actor: User, at: datetime) -> CodeList:
    """Add ranges of whole chapters in our own words, to try the search with."""
    require(actor, Action.CHANGE, Resource.SETTINGS)
    loaded = CodeList.objects.create(
        name="Chapter ranges (sample)", loaded_by=actor.name, loaded_at=at, size=len(SAMPLE)
    )
    Code.objects.bulk_create(
        Code(code_list=loaded, code=code, key=normalise_code(code), title=title)
        for code, title in SAMPLE
    )
    return use_code_list(loaded, actor=actor)


def _checked(pairs: Iterable[Pair], loaded: CodeList, remarks: list[str]) -> Iterator[Code]:
    """Make codes of the pairs; what cannot be one is remarked."""
    seen: dict[str, int] = {}
    for line, written, text in pairs:
        code, title = written.strip().rstrip("†"), " ".join(text.split())
        key = normalise_code(code)
        if not code and not title:
            continue
        if not key or len(code) > CODE_LENGTH:
            remarks.append(f"Line {line}: “{code[:40]}” is not a code.")
        elif not title:
            remarks.append(f"Line {line}: {code} has no title.")
        elif key in seen:
            remarks.append(f"Line {line}: {code} stands on line {seen[key]} already.")
        elif len(seen) >= MOST_CODES:
            raise CodeFileError(f"The file has more than {MOST_CODES:,} codes.")
        else:
            seen[key] = line
            yield Code(code_list=loaded, code=code, key=key, title=title[:TITLE_LENGTH])


def read_codes(file: Any) -> Iterator[Pair]:
    """Read pairs out of ClaML or of separated text, whichever the file is."""
    file.seek(0)
    head = file.read(_BLOCK)
    file.seek(0)
    if not head.strip():
        raise CodeFileError("The file is empty.")
    if head[:4] == b"PK\x03\x04":
        raise CodeFileError("This is a zip or Excel file. Save it as CSV and upload that.")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return _claml(file)
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise CodeFileError("This is no text file. Save the codes as CSV and upload that.")
    return _separated(file, encoding=_encoding_of(file, head))


# ── separated text ───────────────────────────────────────────────────────────────────────────────


def _encoding_of(file: Any, head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    utf8 = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(_BLOCK):
            utf8.decode(block)
        utf8.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8-sig"


def _separated(file: Any, *, encoding: str) -> Iterator[Pair]:
    raw: Any = _Unclosed(file)
    text = io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline="")
    first = text.readline()
    text.seek(0)
    delimiter = max("\t;,|", key=first.count)
    csv.field_size_limit(1_000_000)
    rows = csv.reader(text, delimiter=delimiter)
    try:
        sample = list(islice(rows, _SAMPLE))
        header, code_at, title_at = _columns(sample)
        for number, row in enumerate(sample[header:], start=header + 1):
            yield _pair(number, row, code_at, title_at)
        for row in rows:
            yield _pair(rows.line_num, row, code_at, title_at)
    except csv.Error as error:
        raise CodeFileError(
            f"Line {rows.line_num} cannot be read ({error}). Save the file again as CSV."
        ) from error


def _pair(number: int, row: Sequence[str], code_at: int, title_at: int) -> Pair:
    code = row[code_at] if code_at < len(row) else ""
    title = row[title_at] if title_at < len(row) else ""
    return number, code, title


def _columns(sample: Sequence[Sequence[str]]) -> tuple[int, int, int]:
    """Answer how many lines are headings, and where code and title stand."""
    names = [re.sub(r"[^a-z0-9]+", " ", name.lower()).strip("\ufeff ") for name in sample[0]]
    code_at = next((names.index(name) for name in _CODE_NAMES if name in names), None)
    title_at = next((names.index(name) for name in _TITLE_NAMES if name in names), None)
    if code_at is not None and title_at is not None:
        return 1, code_at, title_at
    width = max(map(len, sample))
    columns = [[row[at].strip() for row in sample if at < len(row)] for at in range(width)]
    fits = [sum(bool(_CODE.fullmatch(cell.upper())) for cell in cells) for cells in columns]
    code_at = max(range(width), key=fits.__getitem__)
    others = [at for at in range(width) if at != code_at]
    if fits[code_at] * 2 < len(sample) or not others:
        raise CodeFileError(
            "It is not clear which column holds the codes. Give the columns the headings "
            "“code” and “title” in the first line."
        )
    title_at = max(others, key=lambda at: sum(map(len, columns[at])))
    header = 0 if _CODE.fullmatch(sample[0][code_at].strip().upper()) else 1
    return header, code_at, title_at


class _Unclosed(io.RawIOBase):
    """Hands a file's bytes on, and leaves it open afterwards."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        found: int = self._file.seek(offset, whence)
        return found

    def tell(self) -> int:
        found: int = self._file.tell()
        return found

    def readinto(self, buffer: Any) -> int:
        block = self._file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


# ── ClaML ────────────────────────────────────────────────────────────────────────────────────────


class _Claml:
    """Collects classes while expat goes through the file: code, and the preferred label's text."""

    def __init__(self) -> None:
        self.found: list[Pair] = []
        self.root = ""
        self._code = ""
        self._title: list[str] = []
        self._in_rubric = self._in_label = False
        self._aside = 0
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity

    def _entity(self, *_declared: Any) -> None:
        raise CodeFileError("The file declares entities of its own, which are not read.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        if name == "Class":
            self._code, self._title = attributes.get("code", ""), []
        elif name == "Rubric":
            self._in_rubric = attributes.get("kind") == "preferred" and not self._title
        elif name == "Label":
            self._in_label = self._in_rubric
        elif name == "Reference":
            self._aside += 1

    def _end(self, name: str) -> None:
        if name == "Reference":
            self._aside -= 1
        elif name == "Label":
            self._in_label = False
        elif name == "Rubric":
            self._in_rubric = False
        elif name == "Class" and self._code:
            line = self.parser.CurrentLineNumber
            self.found.append((line, self._code, "".join(self._title)))
            self._code = ""

    def _text(self, text: str) -> None:
        if self._in_label and not self._aside:
            self._title.append(text)


def _claml(file: Any) -> Iterator[Pair]:
    reader = _Claml()
    try:
        while block := file.read(_BLOCK):
            reader.parser.Parse(block, False)
            yield from reader.found
            reader.found.clear()
        reader.parser.Parse(b"", True)
        yield from reader.found
    except expat.ExpatError as error:
        raise CodeFileError(f"The XML is broken off or damaged ({error}).") from error
    if reader.root != "ClaML":
        raise CodeFileError(
            f"This XML begins with <{reader.root[:40]}>. Only ClaML can be read; or save the "
            "codes as CSV."
        )


SAMPLE = (
    ("A00-B99", "Infections and parasites"),
    ("C00-D48", "Tumours"),
    ("D50-D89", "Blood and immune system"),
    ("E00-E90", "Hormones, nutrition and metabolism"),
    ("F00-F99", "Mental health and behaviour"),
    ("G00-G99", "Nervous system"),
    ("H00-H59", "Eyes"),
    ("H60-H95", "Ears"),
    ("I00-I99", "Heart and circulation"),
    ("J00-J99", "Breathing"),
    ("K00-K93", "Digestion"),
    ("L00-L99", "Skin"),
    ("M00-M99", "Muscles, bones and joints"),
    ("N00-N99", "Kidneys, bladder and reproduction"),
    ("O00-O99", "Pregnancy and birth"),
    ("P00-P96", "The time around birth"),
    ("Q00-Q99", "Conditions present from birth"),
    ("R00-R99", "Symptoms and findings without a diagnosis"),
    ("S00-T98", "Injury, poisoning and their consequences"),
    ("V00-Y98", "Causes from outside"),
    ("Z00-Z99", "Contact with health services for other reasons"),
)
"""Ranges of whole chapters, named in our own words."""
