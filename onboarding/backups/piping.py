"""Two ends of a pipe, one of them in a thread: what pushes bytes meets what pulls them.

An archive is written and a store is written to, but age reads from one and writes to the other. Nothing
is held but the pipe's own buffer, and an error at either end is raised at the other.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Reader(Protocol):
    """What bytes can be pulled from."""

    def read(self, size: int = -1, /) -> bytes: ...


class Writer(Protocol):
    """What bytes can be pushed into."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


class BrokenOffError(Exception):
    """The other end has given up, so an end of the bytes is no end of the whole."""


class _End:
    """The reading end of a pushed pipe: it ends only where the writer said that it was all."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.is_whole = False

    def read(self, size: int = -1, /) -> bytes:
        found = self._raw.read(size)
        if (len(found) < size or size < 0 or not found) and not self.is_whole:
            raise BrokenOffError
        return found


@contextmanager
def pushed_into(consume: Callable[[Reader], None]) -> Iterator[Writer]:
    """Answer a writer; `consume(reader)` runs in a thread until the block has ended, and is awaited."""
    reading, writing = os.pipe()
    reader, writer = os.fdopen(reading, "rb", 1 << 16), os.fdopen(writing, "wb", 1 << 16)
    end = _End(reader)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            consume(end)
        except BaseException as error:  # noqa: BLE001 - raised again where the thread is awaited
            failed.append(error)
        finally:
            reader.close()  # a writer that goes on is told so

    thread = threading.Thread(target=run, name="backup sealing", daemon=True)
    thread.start()
    try:
        yield writer
        writer.flush()
        end.is_whole = True
    except BrokenPipeError:
        thread.join()
        if failed:
            raise failed[0] from None
        raise
    finally:
        with suppress(OSError):
            writer.close()
        thread.join()
    if failed:
        raise failed[0]


class _Pulled:
    def __init__(
        self, raw: IO[bytes], thread: threading.Thread, failed: list[BaseException]
    ) -> None:
        self._raw, self._thread, self._failed = raw, thread, failed

    def read(self, size: int = -1, /) -> bytes:
        found = self._raw.read(size)
        if len(found) < size or size < 0 or not found:  # the end
            self._thread.join()
            if self._failed:
                raise self._failed[0]
        return found


@contextmanager
def pulled_from(produce: Callable[[Writer], None]) -> Iterator[Reader]:
    """Answer a reader of what `produce(writer)` writes in a thread; its error is raised at the end."""
    reading, writing = os.pipe()
    reader, writer = os.fdopen(reading, "rb", 1 << 16), os.fdopen(writing, "wb", 1 << 16)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            produce(writer)
        except BaseException as error:  # noqa: BLE001 - raised again where the bytes end
            failed.append(error)
        finally:
            with suppress(OSError):
                writer.close()

    thread = threading.Thread(target=run, name="backup opening", daemon=True)
    thread.start()
    try:
        yield _Pulled(reader, thread, failed)
    finally:
        reader.close()
        thread.join()
