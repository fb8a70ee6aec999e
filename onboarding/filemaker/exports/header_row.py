"""Whether the first row holds the columns' names or the first record."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from onboarding.filemaker.exports.identity import folded_name

_LONGEST_NAME = 100
_TYPED = re.compile(
    r"[\s$€£+(-]*\d[\d\s.,:/()\-+]*(?:[ap]m|kg|cm|%)?\s*$|[^@\s]+@[^@\s]+\.[^@\s]+$", re.IGNORECASE
)
_FIELD_WORDS = frozenset(
    "id name first last given family surname firstname lastname dob birth date sex gender phone mobile "
    "email address street suburb city state postcode zip country title notes note type status start "
    "end time medicare ndis number no code key created modified description amount fee "
    "vorname nachname geburtsdatum geburtstag telefon strasse straße plz ort anrede datum bemerkung "
    "nom prénom prenom naissance téléphone adresse ville".split()
)


@dataclass(frozen=True, slots=True)
class HeaderGuess:
    """`is_certain` is false where only a weak sign decided."""

    has_header: bool
    reason: str
    is_certain: bool


def guess_header(rows: Sequence[Sequence[str]], *, is_merge: bool = False) -> HeaderGuess:
    """Judge by the first rows of a file, the first of which is in question."""
    if not rows:
        return HeaderGuess(is_merge, "The file has no rows.", is_certain=True)
    first = [cell.strip() for cell in rows[0]]
    certain = _certainly(first, rows[1:], is_merge=is_merge)
    if certain is not None:
        return certain
    known = sum(bool(_words(cell) & _FIELD_WORDS) for cell in first)
    if known * 2 >= len(first):
        reason = "The first row holds words that are often names of fields."
        return HeaderGuess(True, reason, is_certain=False)
    reason = "The first row looks like those below it, so it is taken as a record."
    return HeaderGuess(False, reason, is_certain=False)


def _certainly(
    first: Sequence[str], rest: Sequence[Sequence[str]], *, is_merge: bool
) -> HeaderGuess | None:
    if is_merge:
        reason = "A merge file begins with the names of its fields."
        return HeaderGuess(True, reason, is_certain=True)
    if not _could_be_names(first):
        reason = "The first row holds numbers, dates or empty cells, so it is a record."
        return HeaderGuess(False, reason, is_certain=True)
    if any("::" in cell for cell in first):
        reason = "The first row holds FileMaker's names of related fields."
        return HeaderGuess(True, reason, is_certain=True)
    if _typed_columns(rest, len(first)):
        reason = "The first row holds words where the rows below hold numbers or dates."
        return HeaderGuess(True, reason, is_certain=True)
    return None


def _could_be_names(first: Sequence[str]) -> bool:
    while first and not first[-1]:
        first = first[:-1]
    names = [folded_name(cell) for cell in first]
    return (
        bool(first)
        and all(first)
        and len(set(names)) == len(names)
        and not any(len(cell) > _LONGEST_NAME or _TYPED.match(cell) for cell in first)
    )


def _typed_columns(rows: Sequence[Sequence[str]], width: int) -> int:
    """Count the columns in which most cells are numbers, dates or addresses of e-mail."""
    typed = 0
    for index in range(width):
        cells = [row[index].strip() for row in rows if index < len(row) and row[index].strip()]
        if cells and sum(bool(_TYPED.match(cell)) for cell in cells) > len(cells) / 2:
            typed += 1
    return typed


def _words(name: str) -> set[str]:
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return {word for word in re.split(r"[\W_\d]+", parted.casefold()) if word}
