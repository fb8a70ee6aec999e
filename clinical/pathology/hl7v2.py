"""Reading HL7 v2 result messages (ORU^R01), tolerantly, into plain values.

`hl7` splits messages into segments and fields. Escapes are read here: its own function loses text
after a lone backslash, writes what it cannot read to the log, and repeats as often as a message says.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import timezone as offset_zone
from typing import TYPE_CHECKING, Any

import hl7
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_SEGMENTS = 5000
MOST_MESSAGES = 500
_CHARSETS = {
    "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UTF8": "utf-8", "8859/1": "iso-8859-1",
    "ISO-8859-1": "iso-8859-1", "8859/15": "iso-8859-15", "ASCII": "ascii", "": "utf-8",
}  # fmt: skip
_ENVELOPE = {"FHS", "BHS", "BTS", "FTS"}
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?=\||$)")
_MARKS = re.compile(r"MSH([^\w\s\\])([^\w\s]{4,5})(?=\1|\r|$)")
"""How the message separates its fields, then components, repetitions, escapes and sub-components."""
_MOMENT = re.compile(
    r"(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})?(\d{2})?(?:\.\d+)?)?\s*([+-]\d{4})?"
)
_LINE_BREAKS = re.compile(r"\.(br|sp)(\d*)|\.ce")
DELETED = frozenset({"D", "W"})
"""OBX-11: what was sent before is to be taken out, or was somebody else's."""
_SEX = {"F": "female", "M": "male", "O": "other", "A": "other"}


class Hl7Error(ValueError):
    """A message cannot be read; the words name the segment."""


@dataclass(frozen=True)
class Person:
    """Who a message says it is about."""

    family_name: str = ""
    given_names: str = ""
    born: date | None = None
    sex: str = ""
    medicare: str = ""
    numbers: tuple[tuple[str, str], ...] = ()
    """Kind and number of whatever else identifies them."""

    @property
    def full_name(self) -> str:
        return f"{self.given_names} {self.family_name}".strip() or "Nobody named"


@dataclass(frozen=True)
class Value:
    """One line of a report (OBX), or a remark (NTE: kind `NTE`)."""

    kind: str
    code: str = ""
    name: str = ""
    text: str = ""
    units: str = ""
    reference_range: str = ""
    flag: str = ""
    status: str = ""
    file: bytes = b""
    file_name: str = ""


@dataclass(frozen=True)
class Report:
    """One order's answer (OBR with what follows it)."""

    filler_number: str = ""
    placer_number: str = ""
    code: str = ""
    name: str = ""
    status: str = ""
    collected_at: datetime | None = None
    reported_at: datetime | None = None
    ordered_by: str = ""
    values: list[Value] = field(default_factory=list)


@dataclass(frozen=True)
class Message:
    """One ORU^R01."""

    control_id: str
    sender: str
    sent_at: datetime | None
    person: Person
    reports: list[Report]


def texts_of(content: bytes) -> list[str]:
    """Split a file into its messages, each with carriage returns between its segments.

    Raises Hl7Error where there is none, or there are too many.
    """
    text = decode(content)
    found: list[list[str]] = []
    for number, line in enumerate(_lines(text), start=1):
        name = line[:3]
        if name in _ENVELOPE:
            continue
        if name == "MSH":
            found.append([line])
        elif not found:
            raise Hl7Error(
                f"Line {number} begins with “{line[:20]}”. An HL7 file begins with MSH; this is "
                "another kind of file."
            )
        elif _SEGMENT.match(line):
            found[-1].append(line)
        else:  # a line break inside a text, which should have been escaped
            found[-1][-1] += f"\\.br\\{line}"
    if not found:
        raise Hl7Error("There is no HL7 message in this file.")
    if len(found) > MOST_MESSAGES:
        raise Hl7Error(
            f"The file has {len(found):,} messages; {MOST_MESSAGES} are taken at a time. Split it."
        )
    return ["\r".join(lines) for lines in found]


def decode(content: bytes) -> str:
    """Turn bytes into text: as the message says (MSH-18), else UTF-8, else ISO-8859-1."""
    content = content.strip(b"\x0b\x1c\r\n \x00")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    content = content.removeprefix(b"\xef\xbb\xbf")
    header = content[: content.find(b"\r") if b"\r" in content else 400].decode("iso-8859-1")
    named = header.split("\n")[0].split("|")
    told = named[17].split("~")[0].strip().upper() if len(named) > 17 else ""  # noqa: PLR2004 - MSH-18
    for charset in dict.fromkeys([_CHARSETS.get(told, "utf-8"), "utf-8"]):
        try:
            return content.decode(charset)
        except UnicodeDecodeError:
            continue
    return content.decode("cp1252", "replace")


def read_message(text: str) -> Message:
    """Read one message. Raises Hl7Error, naming the segment, where it cannot be understood."""
    if text.count("\r") > MOST_SEGMENTS:
        raise Hl7Error(f"The message has more than {MOST_SEGMENTS:,} segments.")
    text = "\r".join(line for line in text.split("\r") if line.strip())
    marks = _MARKS.match(text)
    if marks is None or len(set(marks[1] + marks[2])) != 1 + len(marks[2]):
        raise Hl7Error("Segment 1 (MSH) is broken off: it does not say how fields are separated.")
    try:
        parsed = hl7.parse(text)
    except (hl7.HL7Exception, AssertionError, IndexError, ValueError, KeyError) as error:
        raise Hl7Error(
            "Segment 1 (MSH) does not say how the message is to be read. Ask the laboratory to "
            "send it again."
        ) from error
    segments = [Segment(number, raw, parsed) for number, raw in enumerate(parsed, start=1)]
    return _read(segments)


class Segment:
    """A segment with fields by their numbers in the standard."""

    def __init__(self, number: int, raw: Any, message: Any) -> None:
        self.number, self.raw = number, raw
        self.name = str(raw[0])
        separators = str(message[0][2])
        self.component = separators[0]
        self.repeat = separators[1:2] or "~"
        self.escape = separators[2:3] or "\\"
        self.subcomponent = separators[3:4] or "&"
        self.field_mark = str(message[0][1])

    @property
    def label(self) -> str:
        return f"Segment {self.number} ({self.name})"

    def whole(self, number: int) -> str:
        """Answer a field as it stands, escapes and all."""
        try:
            return str(self.raw[number])
        except IndexError:
            return ""

    def text(self, number: int) -> str:
        """Answer a field as text; repetitions become lines."""
        parts = self.whole(number).split(self.repeat)
        return "\n".join(self.plain(part) for part in parts).strip("\n")

    def parts(self, number: int, *, repetition: int = 0) -> list[str]:
        """Answer the components of one repetition of a field."""
        repetitions = self.whole(number).split(self.repeat)
        if repetition >= len(repetitions):
            return [""]
        return [self.plain(part).strip() for part in repetitions[repetition].split(self.component)]

    def repetitions(self, number: int) -> list[list[str]]:
        count = len(self.whole(number).split(self.repeat))
        return [self.parts(number, repetition=place) for place in range(count)]

    def plain(self, written: str) -> str:
        """Read escapes; one that nobody knows is left as it stands."""
        pieces = written.split(self.escape)
        told = [pieces[0]]
        place = 1
        while place < len(pieces):
            known = self._escaped(pieces[place]) if place + 1 < len(pieces) else None
            if known is None:
                told.append(self.escape + pieces[place])
                place += 1
            else:
                told += [known, pieces[place + 1]]
                place += 2
        return "".join(told).replace("\x00", "")

    def _escaped(self, code: str) -> str | None:
        simple = {
            "F": self.field_mark, "S": self.component, "T": self.subcomponent, "R": self.repeat,
            "E": self.escape, "H": "", "N": "", ".fi": "", ".nf": "",
        }  # fmt: skip
        if code in simple:
            return simple[code]
        if breaks := _LINE_BREAKS.fullmatch(code):
            return "\n" * min(int(breaks[2] or 1), 20)
        if code[:3] in {".in", ".ti", ".sk"} and code[3:].lstrip("+-").isdigit():
            return " " * min(int(code[3:].lstrip("+-")), 40)
        if code[:1] == "X" and re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
            return bytes.fromhex(code[1:]).decode("cp1252", "replace")
        return None

    def moment(self, number: int) -> datetime | None:
        """Read a time stamp; without a zone it is on the practice's clocks."""
        written = self.parts(number)[0]
        if not written:
            return None
        found = _MOMENT.fullmatch(written)
        try:
            return _moment(found) if found else self._no_date(number, written)
        except ValueError:
            return self._no_date(number, written)

    def _no_date(self, number: int, written: str) -> datetime:
        raise Hl7Error(f"{self.label}: field {number} should be a date and is “{written[:30]}”.")


def _moment(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (
        int(part) if part else None for part in found.groups()[:6]
    )
    plain = datetime(year or 1, month or 1, day or 1, hour or 0, minute or 0, second or 0)  # noqa: DTZ001 - given its zone below
    if written := found[7]:
        minutes = int(written[1:3]) * 60 + int(written[3:])
        sign = -1 if written[0] == "-" else 1
        return plain.replace(tzinfo=offset_zone(sign * timedelta(minutes=minutes)))
    return timezone.make_aware(plain)


def _lines(text: str) -> Iterator[str]:
    for line in re.split(r"\r\n|\r|\n|\x0b|\x1c", text):
        if line.strip():
            yield line.rstrip("\r\n")


def _read(segments: Sequence[Segment]) -> Message:
    header = segments[0]
    kind = header.parts(9)
    if kind[0] != "ORU":
        told = "^".join(kind[:2]) or "nothing"
        raise Hl7Error(
            f"{header.label} says that this is {told}. Only results (ORU^R01) are taken."
        )
    control_id = header.text(10).strip()
    if not control_id:
        raise Hl7Error(f"{header.label} has no message number (field 10).")
    who = next((segment for segment in segments if segment.name == "PID"), None)
    if who is None:
        raise Hl7Error("The message has no PID segment: it does not say whose results these are.")
    reports = _reports(segments)
    if not reports:
        raise Hl7Error("The message has no OBR segment: there is no report in it.")
    sender = " ".join(filter(None, [header.parts(4)[0], header.parts(3)[0]]))
    return Message(control_id, sender, header.moment(7), _person(who), reports)


def _person(segment: Segment) -> Person:
    name = segment.parts(5)
    born = segment.moment(7)
    numbers: list[tuple[str, str]] = []
    medicare = ""
    for field_number in (3, 2, 4):
        for parts in segment.repetitions(field_number):
            value = parts[0]
            kind = (parts[4] if len(parts) > 4 else "").upper()  # noqa: PLR2004 - CX.5
            if value and kind in {"MC", "MCN", "MEDICARE"}:
                medicare = medicare or value
            elif value:
                numbers.append((kind or "number", value))
    if not medicare and segment.parts(19)[0]:
        medicare = segment.parts(19)[0]
    given = " ".join(part for part in name[1:3] if part)
    return Person(
        family_name=name[0],
        given_names=given,
        born=born.date() if born else None,
        sex=_SEX.get(segment.text(8).strip().upper()[:1], ""),
        medicare="".join(letter for letter in medicare if letter.isdigit()),
        numbers=tuple(dict.fromkeys(numbers)),
    )


def _reports(segments: Sequence[Segment]) -> list[Report]:
    reports: list[Report] = []
    for segment in segments:
        if segment.name == "OBR":
            reports.append(_report(segment))
        elif segment.name == "OBX":
            if not reports:
                raise Hl7Error(f"{segment.label} stands before any OBR: whose line is it?")
            reports[-1].values.append(_value(segment))
        elif segment.name == "NTE" and reports and segment.text(3):
            reports[-1].values.append(Value("NTE", text=segment.text(3)))
    return reports


def _report(segment: Segment) -> Report:
    service = segment.parts(4)
    code = service[0] or (service[3] if len(service) > 3 else "")  # noqa: PLR2004 - CE.4
    name = next((service[at] for at in (1, 4, 0) if at < len(service) and service[at]), "")
    doctor = segment.parts(16)
    ordered_by = " ".join(
        part for at in (5, 2, 1) if at < len(doctor) and (part := doctor[at])
    )  # title, given, family
    return Report(
        filler_number=segment.parts(3)[0],
        placer_number=segment.parts(2)[0],
        code=code,
        name=name or "Report",
        status=segment.text(25).strip().upper()[:1],
        collected_at=segment.moment(7),
        reported_at=segment.moment(22),
        ordered_by=ordered_by,
    )


def _value(segment: Segment) -> Value:
    kind = segment.text(2).strip().upper()
    named = segment.parts(3)
    content, file_name = b"", ""
    if kind == "ED":
        content, file_name = _file(segment)
        text = ""
    elif kind in {"CE", "CWE", "CNE", "CF"}:
        parts = segment.parts(5)
        text = next((parts[at] for at in (1, 0, 4) if at < len(parts) and parts[at]), "")
    elif kind == "SN":
        text = "".join(segment.parts(5))
    elif kind in {"TS", "DT", "DTM"}:
        moment = segment.moment(5)
        text = f"{moment:%d/%m/%Y}" if moment else ""
    else:
        text = segment.text(5)
    units = segment.parts(6)
    return Value(
        kind=kind or "ST",
        code=named[0],
        name=next((named[at] for at in (1, 4, 0) if at < len(named) and named[at]), ""),
        text=text,
        units=units[0] or (units[1] if len(units) > 1 else ""),
        reference_range=segment.text(7).strip(),
        flag=segment.parts(8)[0].upper()[:8],
        status=segment.text(11).strip().upper()[:1],
        file=content,
        file_name=file_name,
    )


def _file(segment: Segment) -> tuple[bytes, str]:
    """Take out an enclosed file: ED is source, type, subtype, encoding, data."""
    parts = segment.whole(5).split(segment.component)
    encoding = parts[3].strip().lower() if len(parts) > 3 else ""  # noqa: PLR2004 - ED.4
    data = "".join(parts[4:]) if len(parts) > 4 else ""  # noqa: PLR2004 - ED.5
    if encoding != "base64" or not data:
        raise Hl7Error(f"{segment.label} should hold a file in base64 and does not.")
    clean = re.sub(r"\\\.br\\|\s", "", data)
    try:
        content = base64.b64decode(clean, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Hl7Error(f"{segment.label}: the enclosed file is damaged (base64).") from error
    is_pdf = content[:1024].find(b"%PDF-") >= 0
    ending = "pdf" if is_pdf else (re.sub(r"[^a-z0-9]", "", parts[2].lower())[:5] or "bin")
    return content, f"report.{ending}"
