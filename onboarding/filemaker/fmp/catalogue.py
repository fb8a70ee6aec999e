"""The file's own description of itself: tables, fields, relationships, value lists, locale.

Paths are FileMaker's directory numbers. Deleted tables and fields leave definitions without a
name behind; those are kept apart.

A text stands as one entry; where it is long or not of one-byte characters (`Ω Host`), as a
directory of lengths and pieces, like a long cell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.fmp.grammar import Path
from onboarding.filemaker.fmp.text import number_of, pascal, text_of
from onboarding.filemaker.fmp.tree import Tree
from onboarding.filemaker.sources import (
    DateOrder,
    ExternalOccurrence,
    ExternalSource,
    Field,
    FieldKind,
    FieldType,
    Locale,
    Relationship,
    ValueList,
)

TABLES: Path = (b"\x03", b"\x10", b"\x05")
OCCURRENCES: Path = (b"\x03", b"\x11", b"\x05")
RELATIONSHIPS: Path = (b"\x03", b"\xfb", b"\x05")
EXTERNAL_SOURCES: Path = (b"\x20", b"\x05")
VALUE_LISTS: Path = (b"\x21", b"\x05")
FILE: Path = (b"\x02",)
FIELDS: Path = (b"\x03", b"\x05")

NAME = b"\x10"
DEFINITION = b"\x02"
COMMENT = b"\x03"
CUSTOM_VALUES = b"\x03"
PREDICATES = b"\x03"
PATHS = b"\x82"
LOCALE = b"\x0d"
HISTORY = b"\x08"

KINDS: dict[int, FieldKind] = {1: "normal", 2: "calc", 3: "summary"}
TYPES: dict[int, FieldType] = {
    1: "text",
    2: "number",
    3: "date",
    4: "time",
    5: "timestamp",
    6: "container",
}
OPERATORS = ("=", "≠", "<", "≤", ">", "≥", "×")
DATE_ORDERS: tuple[DateOrder, ...] = ("MDY", "DMY", "YMD")

_FLAGS_AT = 9
_REPETITIONS_AT = slice(24, 26)
_DEFINITION_SIZE = 26
_LOCALE_SIZE = 29
_PIECE_DEPTH = 2
_LENGTHS = 0


@dataclass(slots=True)
class FieldList:
    """A table's fields, those without a name apart.

    `unclear` are the ids whose definition could not be read, `in_pieces` those whose name does
    not stand as one entry.
    """

    fields: list[Field] = field(default_factory=list)
    nameless: list[Field] = field(default_factory=list)
    unclear: list[int] = field(default_factory=list)
    in_pieces: set[int] = field(default_factory=set)


Entries = dict[Path, bytes]


def _objects(tree: Tree, directory: Path) -> Iterator[tuple[bytes, Entries]]:
    """Yield (key, entries by path below the object) for every object in `directory`."""
    depth = len(directory)
    current: bytes | None = None
    found: Entries = {}
    for path, key, value in tree.entries(directory):
        if len(path) <= depth:
            continue
        if path[depth] != current:
            if current is not None:
                yield current, found
            current, found = path[depth], {}
        found[(*path[depth + 1 :], key)] = value
    if current is not None:
        yield current, found


def _stored(entries: Entries, key: bytes) -> bytes | None:
    """Return the bytes under `key`, put together where they stand in pieces; None for nothing."""
    if (key,) in entries:
        return entries[(key,)]
    pieces = [
        (number, value)
        for path, value in entries.items()
        if len(path) == _PIECE_DEPTH
        and path[0] == key
        and (number := varint.decode_or_none(path[1])) is not None
        and number != _LENGTHS
    ]
    return b"".join(value for _, value in sorted(pieces)) if pieces else None


def _text(entries: Entries, key: bytes) -> str | None:
    """Return the text under `key`, or None. U+0000 has no place in a name or comment."""
    stored = _stored(entries, key)
    return None if stored is None else text_of(stored).replace("\0", "")


def read_table_names(tree: Tree) -> dict[bytes, str]:
    """Return the names of the tables by their key."""
    names = {}
    for key, entries in _objects(tree, TABLES):
        name = _text(entries, NAME)
        if name is not None and varint.decode_or_none(key) is not None:
            names[key] = name
    return names


def read_fields(tree: Tree, table_key: bytes) -> FieldList:
    """Return the fields of a table in order of id."""
    found = FieldList()
    for key, entries in _objects(tree, (table_key, *FIELDS)):
        field_id = varint.decode_or_none(key)
        name = _text(entries, NAME)
        if field_id is None or (name is None and (DEFINITION,) not in entries):
            continue
        if name and (NAME,) not in entries:
            found.in_pieces.add(field_id)
        definition = entries.get((DEFINITION,), b"")
        if not (
            len(definition) >= _DEFINITION_SIZE
            and definition[0] in KINDS
            and definition[1] in TYPES
        ):
            found.unclear.append(field_id)
            definition = definition.ljust(_DEFINITION_SIZE, b"\0")
        kind = KINDS.get(definition[0], "normal")
        among = found.fields if name else found.nameless
        among.append(
            Field(
                id=field_id,
                name=name or "",
                kind=kind,
                type=TYPES.get(definition[1], "text"),
                repetitions=int.from_bytes(definition[_REPETITIONS_AT], "big") or 1,
                is_global=bool(definition[_FLAGS_AT] & 1),
                comment=_text(entries, COMMENT) or "",
                derived=kind != "normal",
                is_nameless=not name,
            )
        )
    return found


def unknown_field(field_id: int) -> Field:
    """Return a stand-in for a field of which only the number is left."""
    return Field(
        id=field_id,
        name="",
        kind="normal",
        type="text",
        repetitions=1,
        is_global=False,
        comment="",
        derived=False,
        is_nameless=True,
    )


def read_external_sources(tree: Tree) -> list[ExternalSource]:
    sources = []
    for key, entries in _objects(tree, EXTERNAL_SOURCES):
        source_id = varint.decode_or_none(key)
        name = _text(entries, NAME)
        if source_id is not None and name is not None:
            paths = _paths(_stored(entries, PATHS) or b"")
            sources.append(ExternalSource(source_id, name, paths))
    return sources


def _paths(value: bytes) -> tuple[str, ...]:
    """Read a list of paths: count, then Pascal kind, a byte, Pascal path of each."""
    paths = []
    at = 4
    for _ in range(min(int.from_bytes(value[:4], "big"), len(value))):
        kind, at = pascal(value, at)
        path, at = pascal(value, at + 1)
        if not path:
            break
        paths.append(f"{text_of(kind)}:{text_of(path)}" if kind else text_of(path))
    return tuple(paths)


def read_value_lists(tree: Tree) -> list[ValueList]:
    occurrences = _occurrences(tree)
    lists = []
    for key, entries in _objects(tree, VALUE_LISTS):
        list_id = varint.decode_or_none(key)
        name = _text(entries, NAME)
        if list_id is None or name is None:
            continue
        custom = _text(entries, CUSTOM_VALUES)
        if custom is not None:
            lists.append(ValueList(list_id, name, tuple(custom.split("\r"))))
            continue
        source = entries.get((DEFINITION,), b"")
        occurrence, at = _number(source, 3)
        field_id, _ = _number(source, at)
        _, table_id = occurrences.get(occurrence, ("", None))
        lists.append(ValueList(list_id, name, (), table_id, field_id or None))
    return lists


def _number(value: bytes, at: int) -> tuple[int, int]:
    """Read `<length + 1> <length> <varint>`, as relationships keep their numbers."""
    size = value[at] if at < len(value) else 0
    return number_of(value[at + 1 : at + 1 + size]), at + 1 + size


def _occurrences(tree: Tree) -> dict[int, tuple[str, int | None]]:
    """Return name and table id of every table occurrence; no id for tables of other files."""
    return {
        number: (name, None if source or not table else table)
        for number, name, source, table in _all_occurrences(tree)
    }


def read_external_occurrences(tree: Tree) -> list[ExternalOccurrence]:
    """Return the occurrences that show tables of other files, with the ids those have there."""
    return [
        ExternalOccurrence(name, source, table)
        for _, name, source, table in _all_occurrences(tree)
        if source and table
    ]


def _all_occurrences(tree: Tree) -> Iterator[tuple[int, str, int, int]]:
    """Yield number, name, external source (0 = this file) and table of every occurrence."""
    for key, entries in _objects(tree, OCCURRENCES):
        number = varint.decode_or_none(key)
        name = _text(entries, NAME)
        if number is None or name is None:
            continue
        definition = entries.get((DEFINITION,), b"")
        source, at = _number(definition, 0)
        table, _ = _number(definition, at)
        yield number, name, source, table


def read_relationships(tree: Tree) -> list[Relationship]:
    """Return every predicate of every relationship, in order."""
    occurrences = _occurrences(tree)
    relationships = []
    for key, entries in _objects(tree, RELATIONSHIPS):
        number = varint.decode_or_none(key)
        if number is None:
            continue
        definition = entries.get((DEFINITION,), b"")
        left, at = _number(definition, 0)
        right, _ = _number(definition, at)
        left_name, left_table = occurrences.get(left, ("", None))
        right_name, right_table = occurrences.get(right, ("", None))
        for below, predicate in entries.items():
            if len(below) != 2 or below[0] != PREDICATES or not predicate:  # noqa: PLR2004
                continue
            left_field, at = _number(predicate, 1)
            right_field, _ = _number(predicate, at)
            operator = OPERATORS[predicate[0]] if predicate[0] < len(OPERATORS) else "?"
            relationships.append(
                Relationship(
                    number,
                    left_name,
                    left_table,
                    left_field,
                    operator,
                    right_name,
                    right_table,
                    right_field,
                )
            )
    return relationships


def read_locale(tree: Tree) -> Locale | None:
    """Read how the file writes dates and numbers; a clone has no such block."""
    block = tree.value(FILE, LOCALE)
    if block is None or len(block) < _LOCALE_SIZE or block[24] >= len(DATE_ORDERS):
        return None
    am, at = pascal(block, _LOCALE_SIZE)
    pm, _ = pascal(block, at)
    thousands, decimal, date, time = (
        block[at : at + 2].decode("utf-16-be", "replace").strip("\0") for at in (15, 17, 19, 21)
    )
    return Locale(
        date_order=DATE_ORDERS[block[24]],
        date_separator=date,
        decimal_separator=decimal,
        thousands_separator=thousands,
        time_separator=time,
        am=text_of(am),
        pm=text_of(pm),
    )


def read_saved_by(tree: Tree) -> str:
    """Return the newest program version in the file's history, such as `22.0`, or nothing."""
    history = tree.value(FILE, HISTORY) or b""
    versions = re.findall(r"(?:Pro|Server|Go) (\d+(?:\.\d+)*)", text_of(history))
    return max(versions, key=lambda v: [int(n) for n in v.split(".")], default="")


def may_have_lost_names(tree: Tree) -> bool:
    """Say whether leaves are missing where the table names stand."""
    return tree.has_gap(TABLES, (*TABLES[:-1], b"\xff"))


def table_keys_with_records(tree: Tree) -> Iterator[bytes]:
    """Yield the keys of all tables that have records or fields, named or not."""
    after: Path = (b"\x80",)
    while True:
        entry = next(tree.entries((), after=after), None)
        if entry is None or not entry[0]:
            return
        key = entry[0][0]
        if varint.decode_or_none(key) is None:
            return
        if next(tree.entries((key, b"\x05")), None) or next(tree.entries((key, *FIELDS)), None):
            yield key
        after = (key + b"\0",)
