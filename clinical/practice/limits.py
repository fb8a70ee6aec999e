"""How much of something a clinic may have: whoever knows its plan says so, from its `ready()`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.models import Model

EntryCheck = Callable[["Model"], None]
StorageCheck = Callable[[int], str]

_entries: list[EntryCheck] = []
_storage: list[StorageCheck] = []


def register_limit(check: EntryCheck) -> None:
    """Have `check(entry)` asked before one is saved; it raises ValidationError against one too many."""
    if check not in _entries:
        _entries.append(check)


def register_storage_limit(check: StorageCheck) -> None:
    """Have `check(size)` asked before a file comes in; it answers words against it, or ""."""
    if check not in _storage:
        _storage.append(check)


def check_entry(entry: Model) -> None:
    for check in _entries:
        check(entry)


def words_against_storing(size: int) -> str:
    """Answer the first objection to `size` more bytes, "" where there is none."""
    return next((words for check in _storage if (words := check(size))), "")
