"""SCSU, the text compression of FileMaker files (Unicode Technical Standard 6).

The constants serve a reader and a writer alike. A decoder starts afresh for every value: single
byte mode, window 0 at U+0080, so bytes without a tag are Latin-1.
"""

import re
from functools import lru_cache

# Tags of single-byte mode. Each of the first, last two and their like stands for windows 0-7.
SQ0 = 0x01  # SQ0-SQ7: quote one character from window n
SDX = 0x0B  # define a window beyond the basic plane and go there
RESERVED_SINGLE = 0x0C
SQU = 0x0E  # quote one UTF-16 unit
SCU = 0x0F  # go to Unicode mode
SC0 = 0x10  # SC0-SC7: go to window n
SD0 = 0x18  # SD0-SD7: define window n and go there

# Tags of Unicode mode.
UC0 = 0xE0  # UC0-UC7: go to single-byte mode, window n
UD0 = 0xE8  # UD0-UD7: define window n and go to single-byte mode there
UQU = 0xF0  # quote one UTF-16 unit
UDX = 0xF1  # as SDX
RESERVED_UNICODE = 0xF2

STATIC_WINDOWS = (0x0000, 0x0080, 0x0100, 0x0300, 0x2000, 0x2080, 0x2100, 0x3000)
DYNAMIC_WINDOWS = (0x0080, 0x00C0, 0x0400, 0x0600, 0x0900, 0x3040, 0x30A0, 0xFF00)
SPECIAL_OFFSETS = {
    0xF9: 0x00C0,
    0xFA: 0x0250,
    0xFB: 0x0370,
    0xFC: 0x0530,
    0xFD: 0x3040,
    0xFE: 0x30A0,
    0xFF: 0xFF60,
}
WINDOW_SIZE = 0x80
SUPPLEMENTARY = 0x10000
REPLACEMENT = "\ufffd"

# Bytes that mean something else than the Latin-1 character of the same number.
TAGS_IN_LATIN_1 = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f]")
_TAGS = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f]")
_SINGLE_RUN = re.compile(rb"[\x00\x09\x0a\x0d\x20-\xff]+")
_UNICODE_RUN = re.compile(rb"(?:[^\xe0-\xf2].)+", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udfff]")


class ScsuError(ValueError):
    """The bytes are not SCSU; `position` is where decoding stopped making sense."""

    def __init__(self, position: int) -> None:
        super().__init__(f"not SCSU text from byte {position}")
        self.position = position


def window_offset(code: int) -> int | None:
    """Return the first character of the window that offset byte `code` defines, or None."""
    if 0x01 <= code <= 0x67:  # noqa: PLR2004 - the offset table of UTS 6
        return code * WINDOW_SIZE
    if 0x68 <= code <= 0xA7:  # noqa: PLR2004
        return code * WINDOW_SIZE + 0xAC00
    return SPECIAL_OFFSETS.get(code)


def decode(raw: bytes) -> str:
    """Return the text of `raw`; raise ScsuError where it is not SCSU."""
    if _TAGS.search(raw) is None:
        return raw.decode("latin-1")
    decoder = _Decoder(raw)
    text = decoder.run()
    if decoder.fault is not None:
        raise ScsuError(decoder.fault)
    return text


def decode_leniently(raw: bytes) -> tuple[str, bool]:
    """Return the text of `raw` with U+FFFD for what is not SCSU, and whether all of it was."""
    if _TAGS.search(raw) is None:
        return raw.decode("latin-1"), True
    decoder = _Decoder(raw)
    text = decoder.run()
    return text, decoder.fault is None


@lru_cache(maxsize=256)
def _window_table(offset: int) -> dict[int, int]:
    return {WINDOW_SIZE + n: offset + n for n in range(WINDOW_SIZE)}


class _Decoder:
    """One pass over one value. `fault` is the position of the first thing that made no sense."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.at = 0
        self.parts: list[str] = []
        self.windows = list(DYNAMIC_WINDOWS)
        self.window = 0
        self.unicode_mode = False
        self.fault: int | None = None

    def run(self) -> str:
        while self.at < len(self.raw):
            start = self.at
            try:
                sound = self._unicode() if self.unicode_mode else self._single()
            except IndexError:
                sound = False
                self.at = len(self.raw)
            if not sound:
                self.parts.append(REPLACEMENT)
                if self.fault is None:
                    self.fault = start
        text = "".join(self.parts)
        if _SURROGATES.search(text) is not None:
            text = self._paired(text)
        return text

    def _paired(self, text: str) -> str:
        units = text.encode("utf-16-be", "surrogatepass")
        try:
            return units.decode("utf-16-be")
        except UnicodeDecodeError as error:
            if self.fault is None:
                self.fault = error.start
            return units.decode("utf-16-be", "replace")

    def _single(self) -> bool:
        run = _SINGLE_RUN.match(self.raw, self.at)
        if run is not None:
            self.at = run.end()
            text = run.group().decode("latin-1")
            offset = self.windows[self.window]
            self.parts.append(
                text if offset == WINDOW_SIZE else text.translate(_window_table(offset))
            )
            return True
        tag = self.raw[self.at]
        self.at += 1
        if tag < SDX:
            return self._quote(tag - SQ0)
        if tag >= SD0:
            return self._define(tag - SD0)
        if tag == SQU:
            return self._unit()
        if tag == SDX:
            return self._define_extended()
        if tag >= SC0:
            self.window = tag - SC0
        elif tag == SCU:
            self.unicode_mode = True
        return tag != RESERVED_SINGLE

    def _unicode(self) -> bool:
        run = _UNICODE_RUN.match(self.raw, self.at)
        if run is not None:
            self.at = run.end()
            self.parts.append(run.group().decode("utf-16-be", "surrogatepass"))
            return True
        tag = self.raw[self.at]
        self.at += 1
        if tag == UQU:
            return self._unit()
        if not UC0 <= tag <= UDX:
            return False  # the reserved tag, or half a unit at the end of the value
        self.unicode_mode = False
        if tag == UDX:
            return self._define_extended()
        if tag >= UD0:
            return self._define(tag - UD0)
        self.window = tag - UC0
        return True

    def _take(self) -> int:
        byte = self.raw[self.at]
        self.at += 1
        return byte

    def _quote(self, window: int) -> bool:
        byte = self._take()
        if byte < WINDOW_SIZE:
            self.parts.append(chr(STATIC_WINDOWS[window] + byte))
        else:
            self.parts.append(chr(self.windows[window] + byte - WINDOW_SIZE))
        return True

    def _unit(self) -> bool:
        high = self._take()
        self.parts.append(chr(high << 8 | self._take()))
        return True

    def _define(self, window: int) -> bool:
        offset = window_offset(self._take())
        self.window = window
        if offset is None:
            return False
        self.windows[window] = offset
        return True

    def _define_extended(self) -> bool:
        high = self._take()
        self.window = high >> 5
        self.windows[self.window] = (
            SUPPLEMENTARY + ((high & 0x1F) << 8 | self._take()) * WINDOW_SIZE
        )
        return True
