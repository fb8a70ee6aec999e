"""XML read in pieces, made safe first: no document type, no entities, no forbidden characters."""

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from onboarding.filemaker.exports.errors import (
    BrokenXmlError,
    TooLargeExportError,
    XmlEntitiesError,
)

CHUNK = 256 * 1024
MOST_BETWEEN_TAGS = 32 * 1024**2
"""Bytes without a tag after which the parser would only be hoarding them."""
MAX_DEPTH = 64

# FileMaker writes what a field holds: returns as VT, separators as GS, and other bytes that XML forbids.
_TO_LF = b"\x0b\x0c\x1d"
_FORBIDDEN = bytes(code for code in range(32) if code not in {9, 10, 13})
_REPLACED = bytes.maketrans(_FORBIDDEN, bytes(10 if c in _TO_LF else 32 for c in _FORBIDDEN))
_REFERENCE = re.compile(rb"&#(?:x([0-9a-fA-F]{1,7})|([0-9]{1,8}));")
_LONGEST_REFERENCE = 12
_DECLARED = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_.\-]{1,40})["']""")
_ENCODINGS = frozenset("utf-8 ascii iso8859-1 cp1252 mac-roman shift_jis cp932".split())
_OTHER_NAMES = {"macintosh": "mac-roman", "x-mac-roman": "mac-roman"}
_SIGNS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


class _ByteFilter:
    """Decodes, and replaces what XML 1.0 does not allow; `replaced` counts."""

    def __init__(self, start: bytes) -> None:
        self.encoding = sniff_encoding(start)
        self._decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        self._held = b""
        self.replaced = 0

    def feed(self, chunk: bytes, *, final: bool = False) -> bytes:
        text = self._decoder.decode(chunk, final)
        piece = self._held + text.encode("utf-8", "replace")
        self._held = b""
        if not final:
            ampersand = piece.rfind(b"&", -_LONGEST_REFERENCE)
            if ampersand >= 0 and b";" not in piece[ampersand:]:
                piece, self._held = piece[:ampersand], piece[ampersand:]
            elif piece.endswith((b"\xef\xbf", b"\xef")):
                piece, self._held = piece[:-2], piece[-2:]
        if b"&#" in piece:
            piece = _REFERENCE.sub(self._reference, piece)
        if b"\xef\xbf" in piece:
            for sign in (b"\xef\xbf\xbe", b"\xef\xbf\xbf"):
                self.replaced += piece.count(sign)
                piece = piece.replace(sign, b"\xef\xbf\xbd")
        self.replaced += len(piece) - len(piece.translate(None, _FORBIDDEN))
        return piece.translate(_REPLACED)

    def _reference(self, match: re.Match[bytes]) -> bytes:
        code = int(match[1], 16) if match[1] else int(match[2])
        if code in {9, 10, 13} or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE:  # noqa: PLR2004 - XML 1.0, 2.2
            return match[0]
        if 0x10000 <= code <= 0x10FFFF:  # noqa: PLR2004
            return match[0]
        self.replaced += 1
        return b"\n" if code in _TO_LF else b" "


def sniff_encoding(start: bytes) -> str:
    """Answer the XML's encoding by its mark, its zero bytes or its declaration; else UTF-8."""
    for sign, encoding in _SIGNS.items():
        if start.startswith(sign):
            return encoding
    match = _DECLARED.search(start[:400])
    name = match[1].decode("ascii").lower() if match else "utf-8"
    try:
        known = codecs.lookup(_OTHER_NAMES.get(name, name)).name
    except LookupError:
        return "utf-8"
    # A declaration in single bytes that says UTF-16 is wrong about itself.
    return known if known in _ENCODINGS else "utf-8"


class SafeParser:
    """Feeds a file to expat piece by piece; the handlers are called as the tags come."""

    def __init__(
        self,
        *,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None:
        self._start, self._end, self._text = start, end, text
        self._depth = self._since_tag = 0
        self.replaced = 0

    def parse(self, path: Path) -> Iterator[None]:
        """Yield after each piece, so that what the handlers gathered can be taken away.

        Raises XmlEntitiesError, BrokenXmlError or TooLargeExportError.
        """
        with path.open("rb") as file:
            yield from self._parse(file)

    def _parse(self, file: IO[bytes]) -> Iterator[None]:
        parser = self._parser()
        first = file.read(CHUNK)
        bytes_ = _ByteFilter(first)
        chunk = first
        while chunk:
            piece = bytes_.feed(chunk)
            self._since_tag += len(piece)
            self._feed(parser, piece, final=False)
            if self._since_tag > MOST_BETWEEN_TAGS:
                raise TooLargeExportError("One value of the XML is larger than 32 MB.")
            self.replaced = bytes_.replaced
            yield
            chunk = file.read(CHUNK)
        self._feed(parser, bytes_.feed(b"", final=True), final=True)
        self.replaced = bytes_.replaced
        yield

    def _parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.ExternalEntityRefHandler = _refuse
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._text
        return parser

    @staticmethod
    def _feed(parser: expat.XMLParserType, piece: bytes, *, final: bool) -> None:
        try:
            parser.Parse(piece, final)
        except expat.ExpatError as error:
            raise BrokenXmlError(
                f"The XML file is broken in line {error.lineno}, column {error.offset + 1}: "
                f"{expat.ErrorString(error.code)}.",
                line=error.lineno,
            ) from None

    def _on_start(self, name: str, attributes: dict[str, str]) -> None:
        self._since_tag = 0
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BrokenXmlError(f"The XML is nested more than {MAX_DEPTH} deep.")
        self._start(name.rpartition(":")[2], attributes)

    def _on_end(self, name: str) -> None:
        self._since_tag = 0
        self._depth -= 1
        self._end(name.rpartition(":")[2])


def _refuse(*_: Any) -> int:
    raise XmlEntitiesError
