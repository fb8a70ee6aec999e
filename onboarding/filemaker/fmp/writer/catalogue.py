"""The catalogue of a file as entries of its tree: everything that stands before the records."""

from collections.abc import Iterator
from typing import Final

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.fmp.text import XOR
from onboarding.filemaker.fmp.writer.schema import Field, Locale, Relationship, Solution
from onboarding.filemaker.fmp.writer.scsu_encode import masked, one_byte, utf16_length
from onboarding.filemaker.fmp.writer.tree import KeyPath

Entry = tuple[KeyPath, bytes, bytes]

SEGMENT: Final = 1000
"""The longest piece of a value, in bytes; longer ones are cut into segments."""

_DEFINITION, _COMMENT, _NAME, _PATH = b"\x02", b"\x03", b"\x10", b"\x82"
_OBJECTS = b"\x05"
_FILE, _SCHEMA, _SOURCES, _VALUE_LISTS = b"\x02", b"\x03", b"\x20", b"\x21"
_TABLES, _OCCURRENCES, _RELATIONSHIPS = b"\x10", b"\x11", b"\xfb"

_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_QUARTERS = ("1st Quarter", "2nd Quarter", "3rd Quarter", "4th Quarter", "Q1", "Q2", "Q3", "Q4")


def number(value: int) -> bytes:
    """Return a number as it stands inside a value: a length byte, then its ordered varint."""
    encoded = varint.encode(value)
    return bytes((len(encoded),)) + encoded


def pascal(text: str) -> bytes:
    """Return a masked text behind its length in bytes (at most 255)."""
    encoded = masked(text)
    return bytes((len(encoded),)) + encoded


def text_entries(path: KeyPath, key: bytes, text: str) -> Iterator[Entry]:
    """Yield a text: one entry when short and of one-byte characters, else a directory."""
    plain = one_byte(text)
    if plain is not None and len(plain) <= SEGMENT:
        yield path, key, plain.translate(XOR)
        return
    encoded = masked(text)
    lengths = len(encoded).to_bytes(4, "big") + utf16_length(text).to_bytes(4, "big")
    inner = (*path, key)
    yield inner, b"\x00", lengths
    yield from segments(inner, encoded)


def segments(path: KeyPath, encoded: bytes) -> Iterator[Entry]:
    """Yield the pieces of a long value under the keys 1, 2 and so on."""
    for nth, start in enumerate(range(0, len(encoded), SEGMENT), start=1):
        yield path, varint.encode(nth), encoded[start : start + SEGMENT]


def file_entries(solution: Solution) -> Iterator[Entry]:
    """Yield what stands before the tables' own directories, in the order of the tree."""
    yield (_FILE,), b"\x03", masked(solution.minimum_version)
    history = bytes(34) + b"\x00\x00\x00\x00\x01" + pascal(solution.saved_by)
    yield (_FILE,), b"\x08", history
    if solution.locale is not None:
        yield (_FILE,), b"\x0d", _locale_block(solution.locale)
    yield from _table_entries(solution)
    yield from _occurrence_entries(solution)
    yield from _relationship_entries(solution)
    for source in solution.external_sources:
        place = (_SOURCES, _OBJECTS, varint.encode(source.id))
        yield from text_entries(place, _NAME, source.name)
        scheme, _, name = source.path.rpartition(":")
        reference = b"\x00\x00\x00\x01" + pascal(scheme or "file") + b"\x00" + pascal(name)
        yield place, _PATH, reference
    for choices in solution.value_lists:
        place = (_VALUE_LISTS, _OBJECTS, varint.encode(choices.id))
        yield from text_entries(place, _COMMENT, "\r".join(choices.values))
        yield from text_entries(place, _NAME, choices.name)


def field_entries(table: bytes, fields: tuple[Field, ...]) -> Iterator[Entry]:
    """Yield the definitions of a table's fields; `table` is the table's key."""
    yield from _register((table, b"\x03"), [field.id for field in fields])
    for field in fields:
        place = (table, b"\x03", _OBJECTS, varint.encode(field.id))
        yield place, _DEFINITION, field.definition()
        if field.comment:
            yield from text_entries(place, _COMMENT, field.comment)
        yield from text_entries(place, _NAME, field.name)


def _register(place: KeyPath, ids: list[int]) -> Iterator[Entry]:
    """Yield a catalogue's last id and its count of objects."""
    if ids:
        yield (*place, b"\x01"), b"\x00", number(ids[-1])
        yield (*place, b"\x01"), b"\x04", len(ids).to_bytes(4, "big")


def _table_entries(solution: Solution) -> Iterator[Entry]:
    yield from _register((_SCHEMA, _TABLES), [table.id for table in solution.tables])
    for table in solution.tables:
        place = (_SCHEMA, _TABLES, _OBJECTS, varint.encode(table.id))
        yield from text_entries(place, _NAME, table.name)


def _occurrence_entries(solution: Solution) -> Iterator[Entry]:
    yield from _register((_SCHEMA, _OCCURRENCES), [box.id for box in solution.occurrences])
    for box in solution.occurrences:
        place = (_SCHEMA, _OCCURRENCES, _OBJECTS, varint.encode(box.id))
        target = number(box.table_id)
        source = number(box.source_id)
        block = bytes((len(source),)) + source + bytes((len(target),)) + target
        # Behind it the box's place and colour on the graph, of no use to a reader.
        yield place, _DEFINITION, block + bytes(24) + b"\x77\x77\x77\xff"
        yield from text_entries(place, _NAME, box.name)


def _relationship_entries(solution: Solution) -> Iterator[Entry]:
    yield from _register((_SCHEMA, _RELATIONSHIPS), [link.id for link in solution.relationships])
    for link in solution.relationships:
        place = (_SCHEMA, _RELATIONSHIPS, _OBJECTS, varint.encode(link.id))
        sides = (number(link.left_occurrence_id), number(link.right_occurrence_id))
        ends = b"".join(bytes((len(side),)) + side for side in sides)
        yield place, _DEFINITION, ends + bytes(12)
        yield from _match_entries((*place, b"\x03"), link)


def _match_entries(place: KeyPath, link: Relationship) -> Iterator[Entry]:
    for nth, match in enumerate(link.matches, start=1):
        sides = (number(match.left_field_id), number(match.right_field_id))
        block = b"".join(bytes((len(side),)) + side for side in sides)
        yield place, varint.encode(nth), bytes((match.operator,)) + block


def _locale_block(locale: Locale) -> bytes:
    short_days, short_months = (tuple(name[:3] for name in names) for names in (_DAYS, _MONTHS))
    before = (locale.am, locale.pm, "", locale.currency, "+", "-")
    names = (*before, *_DAYS, *short_days, *_MONTHS, *short_months, *_QUARTERS, ", ", " ", " ", "")
    return locale.block() + b"".join(map(pascal, names))
