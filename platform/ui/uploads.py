"""The server's half of `upload.js`: a file that comes part by part and can be gone on with.

A part says where it belongs by Content-Range (RFC 9110) and what it is by Content-Digest (RFC 9530).
Whoever takes parts keeps them and says how far the file is; this is what all of them have in common.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.http import JsonResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http import HttpRequest

MAX_PART = 8 * 1024**2
BLOCK = 256 * 1024
NAME_LENGTH = 255
_NAME_READ = 1000
_MAX_JSON = 10_000
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")


class UploadError(Exception):
    """The upload cannot go on; `status` is what HTTP calls it, the text is for a person."""

    status = 400


class TooLargeUploadError(UploadError):
    status = 413


class WrongOffsetError(UploadError):
    """The part does not start where the file ends; `offset` says where that is."""

    status = 409

    def __init__(self, offset: int) -> None:
        super().__init__(f"{offset} bytes have arrived: send the part that starts there.")
        self.offset = offset


class DamagedPartError(UploadError):
    """The part is not what was sent, or could not be kept; it can be sent again."""

    status = 503


class Stream(Protocol):
    def read(self, size: int = ..., /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` to `end` (inclusive) of a file of `total` bytes."""

    start: int
    end: int
    total: int
    digest: str = ""

    @property
    def length(self) -> int:
        return self.end - self.start + 1

    def check(self, *, size: int, received: int) -> None:
        """Raise the UploadError that says why this is not the next part of a file of `size` bytes."""
        if self.total != size:
            raise UploadError("The file has changed since the upload began. Choose it again.")
        if self.length > MAX_PART:
            raise TooLargeUploadError(f"A part has at most {MAX_PART} bytes.")
        if self.start != received:
            raise WrongOffsetError(received)
        if self.length <= 0 or self.end >= size:
            raise UploadError("The part lies outside the file.")

    def blocks(self, stream: Stream) -> Iterator[bytes]:
        """Yield the part; raises DamagedPartError at its end where it is not what was sent."""
        digest, left = hashlib.sha256(), self.length
        while left:
            block = stream.read(min(BLOCK, left))
            if not block:
                raise DamagedPartError("The part broke off on the way. It is sent again.")
            digest.update(block)
            left -= len(block)
            yield block
        told = f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
        if self.digest and self.digest != told:
            raise DamagedPartError("The part was damaged on the way. It is sent again.")


def shown_name(name: str) -> str:
    """Answer what the file is called, without folders and what would hide or reorder its letters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C").strip()
    return shown[-NAME_LENGTH:] or "file"


def announced(request: HttpRequest) -> tuple[str, int, Mapping[str, Any]]:
    """Read the name and the size of a file that is to come, and what else is said of it.

    Raises UploadError where they are not there.
    """
    try:
        asked = json.loads(request.read(_MAX_JSON))
        return str(asked["name"])[:_NAME_READ].replace("\0", ""), int(asked["size"]), asked
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UploadError("Name and size of the file are needed.") from error


def part_of(request: HttpRequest) -> Part:
    """Read which part comes. Raises UploadError where it is not said."""
    match = _RANGE.fullmatch(request.headers.get("Content-Range", ""))
    if match is None:
        raise UploadError("A part needs its Content-Range.")
    start, end, total = (int(number) for number in match.groups())
    return Part(start, end, total, request.headers.get("Content-Digest", ""))


def failed(error: UploadError) -> JsonResponse:
    """Answer an error as `upload.js` reads it."""
    more = {"offset": error.offset} if isinstance(error, WrongOffsetError) else {}
    return JsonResponse({"detail": str(error), **more}, status=error.status)


def unknown() -> JsonResponse:
    return JsonResponse({"detail": "There is no such upload. Choose the file again."}, status=404)
