"""Ids for what exports have no ids for, the same each time the same thing is exported.

A column's id comes from its name, so columns may change places between two exports. A row's id
comes from its key column where there is one, else from all its cells; never from its place, for
rows move. Rows that are equal in that are told apart by counting them.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b

from onboarding.filemaker.exports.errors import TooLargeExportError
from onboarding.filemaker.sources import Cells

MAX_ROWS = 2_000_000
"""Of one table. Telling rows apart takes about 70 bytes for each."""

_KEY_WORDS = (
    frozenset(
        "id uuid guid pk kp key primarykey recordid serial schluessel schlüssel cle clé".split()
    ),
    frozenset("no nr num number nummer numero numéro code".split()),
)
_OF_OTHERS = frozenset(
    "phone mobile fax tel telefon handy medicare ndis dva ihi provider ahpra postcode zip plz "
    "account konto xero invoice rechnung house street room abn acn".split()
)
_MOST_CANDIDATES = 4


def folded_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def stable_id(*parts: str, bits: int) -> int:
    """Answer a number from 1 below 2 to the power of `bits`, always the same for the same parts."""
    digest = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    return number % ((1 << bits) - 1) + 1


def column_ids(names: Sequence[str]) -> list[int]:
    """Answer an id for each column; columns of one name are told apart by their order."""
    ids: list[int] = []
    taken: set[int] = set()
    for name in names:
        turn = 1
        found = stable_id("column", folded_name(name), "1", bits=31)
        while found in taken:
            turn += 1
            found = stable_id("column", folded_name(name), str(turn), bits=31)
        taken.add(found)
        ids.append(found)
    return ids


def key_candidates(names: Sequence[str]) -> list[int]:
    """Answer the columns (from 0) whose names say that they number the rows, likeliest first."""
    found: list[int] = []
    for words in _KEY_WORDS:
        for index, name in enumerate(names):
            tokens = _tokens(name)
            if tokens & words and not tokens & _OF_OTHERS and "::" not in name:
                found.append(index)
    return list(dict.fromkeys(found))[:_MOST_CANDIDATES]


def _tokens(name: str) -> set[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {token for token in re.split(r"[\W_]+", parted.casefold()) if token}


class UniqueColumn:
    """Whether every row has a value of its own in one column."""

    def __init__(self, *, only_digits: bool = False) -> None:
        self._seen: set[int] = set()
        self._only_digits = only_digits
        self.holds = True
        self.rows = self.repeated = self.empty = 0

    def take(self, text: str) -> None:
        text = text.strip()
        self.rows += 1
        if not text:
            self.empty += 1
            self._fail()
        elif self._only_digits and not text.isdecimal():
            self._fail()
        elif self.holds:
            mark = hash(text)
            if mark in self._seen:
                self.repeated += 1
                self._fail()
            self._seen.add(mark)

    def _fail(self) -> None:
        self.holds = False
        self._seen = set()


class RowIds:
    """Gives the rows of one pass through a table their ids."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._turns: dict[int, int] = {}

    def of_key(self, key: str) -> int:
        return self._own(stable_id("key", key, bits=62), "key", key)

    def of_cells(self, cells: Cells) -> int:
        texts = list(_flat(cells))
        return self._own(stable_id("cells", *texts, bits=62), "cells", *texts)

    @property
    def repeated(self) -> int:
        """How many rows were equal to an earlier one."""
        return sum(self._turns.values())

    def _own(self, found: int, *parts: str) -> int:
        while found in self._seen:
            turn = self._turns.get(found, 0) + 1
            self._turns[found] = turn
            found = stable_id(str(turn), *parts, bits=62)
        if len(self._seen) >= MAX_ROWS:
            raise TooLargeExportError(f"The export has more than {MAX_ROWS:,} rows.")
        self._seen.add(found)
        return found


def _flat(cells: Cells) -> Iterable[str]:
    for (field_id, repetition), text in sorted(cells.items()):
        yield f"{field_id}:{repetition}"
        yield text
