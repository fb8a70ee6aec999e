"""What Gmail's form of a mail says: its outside, its text, the names of its attachments."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from email.message import Message
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from ports.mail import MailHead, MailText

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST_TEXT = 100_000
MOST_ATTACHED = 50
MOST_REFERENCES = 50
DEEPEST = 20
_LINES = {"br", "p", "div", "tr", "li", "blockquote", "h1", "h2", "h3"}
_UNSEEN = {"script", "style", "head", "title"}


def head_of(mail: Mapping[str, Any]) -> MailHead:
    """Read the outside of a mail."""
    headers = _headers(mail.get("payload", {}))
    answered = f"{headers.get('references', '')} {headers.get('in-reply-to', '')}".split()
    references = [one for one in answered if one.startswith("<")]
    return MailHead(
        vendor_id=str(mail["id"]),
        thread_id=str(mail.get("threadId", "")),
        sender=parseaddr(headers.get("from", ""))[1].strip().casefold(),
        references=tuple(references[-MOST_REFERENCES:]),
        subject=" ".join(headers.get("subject", "").replace("\x00", "").split())[:500],
        at=datetime.fromtimestamp(int(mail.get("internalDate") or 0) / 1000, tz=UTC),
    )


def text_of(mail: Mapping[str, Any]) -> MailText:
    """Read its text, plain where it has a plain one; attachments are only named."""
    parts = list(_leaves(mail.get("payload", {})))
    attached = tuple(part["filename"] for part in parts if part.get("filename"))
    inside = [part for part in parts if not part.get("filename")]
    plain = [_content(part) for part in inside if part.get("mimeType") == "text/plain"]
    pages = [_content(part) for part in inside if part.get("mimeType") == "text/html"]
    body = "\n".join(plain).strip() or "\n".join(_without_marks(one) for one in pages).strip()
    body = body.replace("\r\n", "\n").replace("\x00", "")
    return MailText(body[:LONGEST_TEXT], attached[:MOST_ATTACHED])


def _leaves(part: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    inner = part.get("parts") or []
    if not inner or depth >= DEEPEST:
        yield part
        return
    for one in inner:
        yield from _leaves(one, depth + 1)


def _content(part: Mapping[str, Any]) -> str:
    data = str(part.get("body", {}).get("data") or "")
    try:
        content = base64.urlsafe_b64decode(data + "=" * (-len(data) % 4))
    except (binascii.Error, ValueError):
        return ""
    named = Message()
    named["Content-Type"] = _headers(part).get("content-type", "text/plain")
    for charset in ("utf-8", named.get_content_charset() or "latin-1"):
        try:
            return content.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("latin-1")


def _headers(part: Mapping[str, Any]) -> dict[str, str]:
    return {str(one["name"]).lower(): str(one["value"]) for one in part.get("headers") or []}


class _Words(HTMLParser):
    """The words of a page, with its lines; nothing of it is ever shown as a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self._unseen += tag in _UNSEEN
        if tag in _LINES:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(" ".join(data.split()) + " " if data.strip() else " ")


def _without_marks(page: str) -> str:
    words = _Words()
    words.feed(page)
    words.close()
    lines = [" ".join(line.split()) for line in "".join(words.found).split("\n")]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return "\n".join(kept)
