"""Containers of a server: which object a cell means, and its bytes in a file of our own."""

import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import unquote, urlsplit

from onboarding.filemaker.fmp import varint
from onboarding.filemaker.live.transport import CHUNK, MIB, Answer
from onboarding.filemaker.sources import EMBEDDED_MARK, ContainerObject

_IN_MEMORY = MIB
_HEAD = 16
_KINDS = (
    (b"%PDF-", "PDF ", "file"),
    (b"\x89PNG\r\n\x1a\n", "PNGf", "image"),
    (b"\xff\xd8\xff", "JPEG", "image"),
    (b"GIF8", "GIFf", "image"),
    (b"BM", "BMPf", "image"),
)

Place = tuple[int, int, int]
"""Record id, field id, repetition from 1."""


class ObjectIds:
    """Numbers for the containers of one table, the same at every reading.

    A server has no number for a container, so it is made of the record's id and of the
    container's turn among the table's container fields and their repetitions.
    """

    def __init__(self, slots: list[tuple[int, int]]) -> None:
        self._slots = slots
        self._turns = {slot: turn for turn, slot in enumerate(slots)}
        self._far: dict[Place, int] = {}
        self._far_places: dict[int, Place] = {}

    @property
    def slots(self) -> list[tuple[int, int]]:
        """The container fields with their repetitions, as (field id, repetition)."""
        return self._slots

    def of(self, place: Place) -> int:
        record_id, field_id, repetition = place
        number = record_id * len(self._slots) + self._turns[field_id, repetition]
        if number <= varint.MAXIMUM // 2:
            return number
        # A record id too large for that: numbered as they come, from the far end.
        known = self._far.setdefault(place, varint.MAXIMUM - len(self._far))
        self._far_places[known] = place
        return known

    def place(self, number: int) -> Place | None:
        if number in self._far_places:
            return self._far_places[number]
        if not self._slots or not 0 <= number <= varint.MAXIMUM // 2:
            return None
        record_id, turn = divmod(number, len(self._slots))
        return (record_id, *self._slots[turn])


def cell_of(object_id: int) -> str:
    """Return the text of a container cell, as a file would have it."""
    return varint.encode(object_id).hex().upper() + EMBEDDED_MARK


class _Spool:
    """Bytes of one container, in memory or on disk; gone with the object that reads them."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with the object

    def __del__(self) -> None:
        self.file.close()

    def chunks(self, _: str) -> Iterator[bytes]:
        at = 0
        while True:
            self.file.seek(at)
            piece = self.file.read(CHUNK)
            if not piece:
                return
            at += len(piece)
            yield piece


def fetch_object(
    object_id: int, fetch: Callable[[IO[bytes]], Answer | None], *, url: str
) -> ContainerObject | None:
    """Download one container now; `fetch` writes it and answers None where there is none."""
    spool = _Spool()
    answer = fetch(spool.file)
    if answer is None:
        return None
    size = spool.file.tell()
    spool.file.seek(0)
    head = spool.file.read(_HEAD)
    stream, kind = next(
        ((stream, kind) for mark, stream, kind in _KINDS if head.startswith(mark)), ("FILE", "file")
    )
    name = _name_in(answer.headers.get("content-disposition", "")) or _name_at(url)
    return ContainerObject(object_id, name, kind, {stream: size}, stream, 0, 0, spool.chunks)


def _name_in(disposition: str) -> str:
    """Return the file name of a Content-Disposition (RFC 6266), without any folder."""
    if found := re.search(r"filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", disposition, re.IGNORECASE):
        name = unquote(found[1])
    elif found := re.search(r'filename\s*=\s*"((?:[^"\\]|\\.)*)"', disposition, re.IGNORECASE):
        name = re.sub(r"\\(.)", r"\1", found[1])
    elif found := re.search(r"filename\s*=\s*([^;\s]+)", disposition, re.IGNORECASE):
        name = found[1]
    else:
        return ""
    return _plain(name)


def _name_at(url: str) -> str:
    return _plain(unquote(urlsplit(url).path))


def _plain(name: str) -> str:
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(character for character in last if character.isprintable())[:255]
