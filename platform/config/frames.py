"""Room in one piece for the frames of Python's calls.

CPython keeps frames in chunks of 16 KB. A loop whose calls cross the end of a chunk has the next one
mapped and unmapped at every call, which then takes 8 µs instead of 0.1 (python/cpython#142183; mended
in 3.13 and later). Middleware and templates are nested deeply enough to meet the end of several chunks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

WORDS = 1 << 14
"""The frame that makes the room: just over half of a chunk of 256 KB; calls have the other half."""


def with_room(call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Answer what `call` answers; it and all that it calls share one chunk of frames."""
    return call(*args, **kwargs)


with_room.__code__ = with_room.__code__.replace(co_stacksize=WORDS)
