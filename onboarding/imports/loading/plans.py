"""A word to the planner where it cannot know better."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def joining_by_hash() -> Iterator[None]:
    """Join large tables by hash while the block runs.

    Rows written in this transaction are in no statistics: the planner expects one, loops over the
    tables, and takes time that grows with the square of their length.
    """
    _allow_loops("off")
    yield
    _allow_loops("on")


def _allow_loops(word: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', %s, true)", [word])
