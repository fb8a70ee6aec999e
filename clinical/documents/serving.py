"""Stored bytes as an answer: streamed, never run by the browser, each with the headers that hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from clinical.documents.rules import shows_as
from clinical.documents.sniffing import UNKNOWN
from tenants.storage import BLOCK, clinic_storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from clinical.documents.models import Document
    from tenants.storage import Stream

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
IMAGE = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
# Browsers refuse to start their PDF viewer in a sandbox. It is one itself: what a PDF carries sees
# neither the page nor the session.
PDF = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
MAX_PREVIEW = 4 * 1024 * 1024
_PLAIN = frozenset("._- ()")


def show(request: HttpRequest, document: Document) -> HttpResponseBase:
    """Answer a file for the browser to show; what it could not show is a download."""
    form = shows_as(document)
    response = _streamed(request, document.storage_key, document.size or 0)
    _dress(response, document, as_attachment=form not in {"image", "pdf"})
    if form == "image":
        response.headers["Content-Security-Policy"] = IMAGE
    elif form == "pdf":
        response.headers["Content-Security-Policy"] = PDF
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def download(request: HttpRequest, document: Document) -> HttpResponseBase:
    """Answer a file to be saved."""
    response = _streamed(request, document.storage_key, document.size or 0)
    _dress(response, document, as_attachment=True)
    return response


def preview(document: Document) -> HttpResponseBase:
    """Answer the small picture. The browser may keep it: its address is good for an hour only."""
    stream = clinic_storage().stream(document.thumbnail_key)
    response = StreamingHttpResponse(_Blocks(stream, MAX_PREVIEW), content_type="image/jpeg")
    response.headers["Content-Security-Policy"] = IMAGE
    return response


def saved_name(document: Document) -> str:
    """Name the file as it is saved: by its title, with the ending that its content has."""
    stem = document.title or document.file_name.rpartition(".")[0] or document.get_kind_display()
    ending = document.storage_key.rpartition(".")[2]
    return f"{plain_name(stem)}.{ending}"


def plain_name(text: str) -> str:
    """Answer a name that every file system takes."""
    kept = "".join(c if c.isalnum() or c in _PLAIN else " " for c in text)
    return " ".join(kept.split())[:120].strip(". ") or "file"


def _dress(response: HttpResponseBase, document: Document, *, as_attachment: bool) -> None:
    media_type = document.media_type or UNKNOWN
    if media_type.startswith("text/"):
        media_type = "text/plain; charset=utf-8"
    response.headers["Content-Type"] = UNKNOWN if media_type == "image/svg+xml" else media_type
    response.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment, saved_name(document)) or "attachment"
    )
    response.headers["Content-Security-Policy"] = SANDBOX
    response.headers["X-Content-Type-Options"] = "nosniff"


def _streamed(request: HttpRequest, key: str, size: int) -> HttpResponseBase:
    """Answer the whole file, or the one range of it that was asked for."""
    match = _RANGE.fullmatch(request.headers.get("Range", ""))
    start = int(match[1]) if match else 0
    end = min(int(match[2]), size - 1) if match and match[2] else size - 1
    if match and (start >= size or end < start):
        response = HttpResponse(status=416)
        response.headers["Content-Range"] = f"bytes */{size}"
        return response
    stream = clinic_storage().stream(key, start=start)
    answer = StreamingHttpResponse(_Blocks(stream, end - start + 1), status=206 if match else 200)
    answer.headers["Content-Length"] = str(end - start + 1)
    answer.headers["Accept-Ranges"] = "bytes"
    if match:
        answer.headers["Content-Range"] = f"bytes {start}-{end}/{size}"
    return answer


class _Blocks:
    """At most so many bytes of a stream, block by block; closed even if nobody ever reads them."""

    def __init__(self, stream: Stream, left: int) -> None:
        self._stream, self._left = stream, left

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self._stream.read(min(BLOCK, self._left)) if self._left > 0 else b""
        if not block:
            raise StopIteration
        self._left -= len(block)
        return block

    def close(self) -> None:
        self._stream.close()
