"""What each field holds: filled, distinct, from–to, conformity to its type, masked examples.

One pass while the file is read, memory bounded per field. Examples show the shape of a value and never
the value: letters become x, digits 9.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from onboarding.imports import shapes
from onboarding.imports.naming import tokens
from onboarding.imports.values import dates

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from onboarding.filemaker.sources import Field, Locale, Record
    from onboarding.imports.structure import Structure, TableStructure

DISTINCT_LIMIT = 2_000
SAMPLE_ALL = 150
SAMPLE_EVERY = 29
MASK_LIMIT = 200
LONGEST_TESTED = 120
"""A longer text is prose: it has no shape to try."""
EXAMPLES = 4
KEY_LIMIT = 200_000
"""Up to so many different values a would-be key is followed, about 100 bytes each."""
OFFENDERS = 200
OFFENDERS_SHOWN = 12
KEYS = frozenset("id no number key nr num code nummer numero mrn urn pk".split())
NAMES = frozenset(
    "name first last surname given family vorname nachname nom prenom patient".split()
)
TEST_WORDS = frozenset(
    "test testing tester dummy xxx xx asdf qwerty muster sample zzz delete".split()
)
TESTS_LISTED = 20
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_DATE = re.compile(r"\s*(\d{1,4})\s*[./\-]\s*(\d{1,2})\s*[./\-]\s*(\d{1,4})")
MONTHS = 12
LIST_LIMIT = 40
"""Up to so many distinct short values a field counts as one that holds words from a list."""


def masked(text: str) -> str:
    """Show the shape of a value: `Anna Lee 12/3` becomes `Xxxx Xxx 99/9`, cut at 40 characters."""
    shown = "".join(
        "9" if c.isdigit() else ("X" if c.isupper() else "x") if c.isalpha() else c
        for c in text[:40]
    )
    shown = " ⏎ ".join(shown.replace("\r", "\n").split("\n"))
    return f"{shown}…" if len(text) > 40 else shown  # noqa: PLR2004


@dataclass
class KeyTally:
    """Whether the values of a would-be key are one record's each."""

    seen: set[int] = field(default_factory=set)
    again: Counter[int] = field(default_factory=Counter)

    def take(self, text: str) -> None:
        value = hash(" ".join(text.split()).casefold())
        if value in self.seen:
            self.again[value] += 1
        elif len(self.seen) < KEY_LIMIT:
            self.seen.add(value)

    def as_json(self, filled: int) -> dict[str, int]:
        """Answer values that repeat and the records that carry them; empty where it is no key."""
        if not self.again or len(self.seen) < 0.8 * filled:
            return {}
        return {
            "values": len(self.again),
            "records": len(self.again) + sum(self.again.values()),
        }


@dataclass
class OrderTally:
    """Which order the dates of a field can only have: a part above 12 is no month."""

    orders: Counter[str] = field(default_factory=Counter)

    def take(self, text: str) -> None:
        match = _DATE.match(text)
        if match is None:
            return
        one, two, three = match.groups()
        if len(one) == 4:  # noqa: PLR2004 - a year
            self.orders["YMD"] += 1
            return
        self.orders["two_digits"] += len(three) <= 2  # noqa: PLR2004 - the century is not written
        first, second = int(one), int(two)
        if first > MONTHS >= second:
            self.orders["DMY"] += 1
        elif second > MONTHS >= first:
            self.orders["MDY"] += 1
        else:
            self.orders["either"] += 1

    def as_json(self) -> dict[str, int]:
        return {name: count for name, count in self.orders.items() if count}


@dataclass
class FieldTally:
    """Counts of one field, over the records seen so far."""

    kind: Field
    filled: int = 0
    cells: int = 0
    conforming: int = 0
    tried: int = 0
    longest: int = 0
    distinct: set[int] = field(default_factory=set)
    words: set[str] | None = field(default_factory=set)
    masks: Counter[str] = field(default_factory=Counter)
    shape: Counter[str] = field(default_factory=Counter)
    least: Any = None
    most: Any = None
    lines: int = 0
    keys: KeyTally | None = None
    orders: OrderTally | None = None
    offenders: Counter[str] = field(default_factory=Counter)
    offending: int = 0

    def __post_init__(self) -> None:
        if KEYS & set(tokens(self.kind.name)) and self.kind.type in {"text", "number"}:
            self.keys = KeyTally()
        if self.kind.type in {"date", "timestamp"}:
            self.orders = OrderTally()

    def take(self, text: str, tools: _Tools) -> None:
        self.cells += 1
        if self.keys is not None:
            self.keys.take(text)
        if self.orders is not None:
            self.orders.take(text)
        if self.kind.type == "number" and _NUMBER.fullmatch(text) is None:
            self._judge_number(text, tools)
        self.longest = max(self.longest, len(text))
        if len(self.distinct) < DISTINCT_LIMIT:
            self.distinct.add(hash(text))
        if self.words is not None:
            self.words.add(text.strip())
            if len(self.words) > LIST_LIMIT or len(text) > 60:  # noqa: PLR2004
                self.words = None
        if self.cells > SAMPLE_ALL and self.cells % SAMPLE_EVERY:
            return
        self._sample(text, tools)

    def _judge_number(self, text: str, tools: _Tools) -> None:
        """Count what a number field holds that is no number, by its shape."""
        if tools.read("number", text)[1]:
            return
        self.offending += 1
        mask = masked(text)
        if mask in self.offenders or len(self.offenders) < OFFENDERS:
            self.offenders[mask] += 1

    def _sample(self, text: str, tools: _Tools) -> None:
        self.tried += 1
        self.lines += "\r" in text or "\n" in text or "\v" in text
        if self.kind.type == "text" and len(text) <= LONGEST_TESTED and _DATE.match(text):
            self.orders = self.orders or OrderTally()
            self.orders.take(text)
        value, conforms = tools.read(self.kind.type, text)
        self.conforming += conforms
        if value is not None:
            self.least = value if self.least is None else min(self.least, value)
            self.most = value if self.most is None else max(self.most, value)
        if len(self.masks) < MASK_LIMIT:
            self.masks[masked(text)] += 1
        if self.kind.type != "container" and len(text) <= LONGEST_TESTED:
            self.shape.update(tools.look(text))

    def as_json(self, records: int) -> dict[str, Any]:
        sampled = max(self.tried, 1)
        return {
            "id": self.kind.id,
            "filled": self.filled,
            "share": round(self.filled / records, 4) if records else 0,
            "distinct": len(self.distinct),
            "distinct_is_least": len(self.distinct) >= DISTINCT_LIMIT,
            "conforming": round(self.conforming / sampled, 4) if self.tried else None,
            "longest": self.longest,
            "least": None if self.least is None else str(self.least),
            "most": None if self.most is None else str(self.most),
            "examples": [mask for mask, _ in self.masks.most_common(EXAMPLES)],
            "shapes": {
                name: round(count / sampled, 3)
                for name, count in self.shape.most_common()
                if count / sampled >= 0.2  # noqa: PLR2004 - less is noise
            },
            "words": sorted(self.words)
            if self.words and self._repeats() and self.kind.type == "text"
            else [],
            "hidden": hidden_because(self.kind, self.filled),
            **self._remarks(sampled),
        }

    def _remarks(self, sampled: int) -> dict[str, Any]:
        """Answer what is worth a word before anything is loaded; nothing where all is well."""
        found = {
            "multiline": round(self.lines / sampled, 3),
            "date_orders": self.orders.as_json() if self.orders else {},
            "duplicates": self.keys.as_json(self.filled) if self.keys else {},
            "offenders": {
                "cells": self.offending,
                "shapes": len(self.offenders),
                "examples": self.offenders.most_common(OFFENDERS_SHOWN),
            }
            if self.offending
            else {},
        }
        return {name: value for name, value in found.items() if value}

    def _repeats(self) -> bool:
        """True where the words come from a list: names of people do not repeat like that."""
        return self.filled >= 3 * len(self.distinct)


@dataclass(frozen=True)
class _Tools:
    """Readers in the file's own locale."""

    look: Callable[[str], tuple[str, ...]]
    order: Any
    today: date
    locale: Locale | None

    def read(self, kind: str, text: str) -> tuple[Any, bool]:
        """Answer what is compared for from–to, and whether the text fits the field's type."""
        if kind == "number":
            number = shapes.read_number(text, self.locale)
            return number, number is not None
        if kind == "date":
            found = dates.read_date(text, order=self.order, today=self.today).value
            return found, found is not None
        if kind == "timestamp":
            day, clock = dates.split_timestamp(text)
            found = dates.read_date(day, order=self.order, today=self.today).value
            return found, found is not None and dates.read_time(clock).value is not None
        if kind == "time":
            return None, dates.read_time(text).value is not None
        return None, True


def hidden_because(kind: Field, filled: int) -> str:
    """Say why a field is hidden by default; empty when it is shown."""
    if kind.is_global:
        return "global"
    if kind.kind == "summary":
        return "summary"
    if kind.kind == "calc" and not filled:
        return "unstored calculation"
    return "" if filled else "empty"


class TableTally:
    """Counts of one table, fed record by record."""

    def __init__(self, table: TableStructure, structure: Structure, today: date) -> None:
        self.table = table
        self.records = self.blank = self.tests = 0
        self.test_ids: list[int] = []
        self._named = {f.id for f in table.fields if NAMES & set(tokens(f.name))}
        self._fields = {f.id: FieldTally(f) for f in table.fields}
        order = structure.date_order
        self._tools = _Tools(shapes.looker(order, today), order, today, structure.locale)

    def take(self, record: Record) -> None:
        self.records += 1
        seen: set[int] = set()
        is_test = False
        for (field_id, _), text in record.values.items():
            tally = self._fields.get(field_id)
            if tally is None or not text.strip():
                continue
            seen.add(field_id)
            tally.take(text, self._tools)
            if field_id in self._named and not TEST_WORDS.isdisjoint(text[:60].casefold().split()):
                is_test = True
        for field_id in seen:
            self._fields[field_id].filled += 1
        self.blank += not seen
        if is_test:
            self.tests += 1
            if len(self.test_ids) < TESTS_LISTED:
                self.test_ids.append(record.id)

    def as_json(self) -> dict[str, Any]:
        fields = [tally.as_json(self.records) for tally in self._fields.values()]
        return {
            "id": self.table.id,
            "records": self.records,
            "blank": self.blank,
            "fields": fields,
            **({"tests": self.tests, "test_ids": self.test_ids} if self.tests else {}),
            "hidden": "" if self.records > self.blank else "empty",
        }
