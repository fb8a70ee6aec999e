"""Text to SCSU, the compression scheme of Unicode Technical Standard 6, as FileMaker stores it.

One-byte text costs one byte a character. Alphabets such as Cyrillic get a dynamic window, Chinese,
Hangul and lone emoji go through Unicode mode. An encoder is free in its choices; what counts is
that every decoder gives the same text back.
"""

import re

from onboarding.filemaker.fmp.text import XOR

_INITIAL_WINDOWS = (0x80, 0xC0, 0x400, 0x600, 0x900, 0x3040, 0x30A0, 0xFF00)
_STATIC_WINDOWS = (0x00, 0x80, 0x100, 0x300, 0x2000, 0x2080, 0x2100, 0x3000)
# Windows that few texts need go first when a new one must be defined.
_FIRST_TO_GIVE_UP = (3, 4, 7, 6, 5, 2, 1, 0)

_WINDOW = 0x80
_SUPPLEMENTARY = 0x10000
_CJK_FROM, _CJK_TO = 0x3400, 0xE000
_HIGH_WINDOW_SHIFT = 0xAC00

# Single-byte mode
_SQ0, _SDX, _SQU, _SCU, _SC0, _SD0 = 0x01, 0x0B, 0x0E, 0x0F, 0x10, 0x18
# Unicode mode
_UC0, _UD0, _UQU, _UDX = 0xE0, 0xE8, 0xF0, 0xF1
_LAST_UNICODE_TAG = 0xF2

# Written as they are in byte mode; the other control characters are tags.
_ASCII_RUN = re.compile(r"[\0\t\n\r\x20-\x7f]+")
_TAGS = frozenset(map(chr, range(0x20))) - frozenset("\0\t\n\r")


class UnencodableTextError(ValueError):
    """The text has half a surrogate pair, which no Unicode encoding can carry."""


def encode(text: str) -> bytes:
    """Return the SCSU bytes of `text`, decodable from a fresh state."""
    plain = one_byte(text)
    return _Encoder(text).run() if plain is None else plain


def one_byte(text: str) -> bytes | None:
    """Return the bytes of a text that needs no SCSU tag at all (Latin-1), or None."""
    if text.isascii() and text.isprintable():
        return text.encode("ascii")
    if not _TAGS.isdisjoint(text):
        return None
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return None


def masked(text: str) -> bytes:
    """Return `text` as it stands in the tree: SCSU, then masked."""
    return encode(text).translate(XOR)


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units, which a long value's header carries."""
    return len(text) + sum(character >= "\U00010000" for character in text)


class _Encoder:
    """The state of one text's encoding."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._out = bytearray()
        self._windows = list(_INITIAL_WINDOWS)
        self._give_up = list(_FIRST_TO_GIVE_UP)
        self._active = 0
        self._unicode = False

    def run(self) -> bytes:
        text = self._text
        at = 0
        while at < len(text):
            if not self._unicode and (run := _ASCII_RUN.match(text, at)):
                self._out += run[0].encode("ascii")
                at = run.end()
                continue
            code = ord(text[at])
            at += 1
            after = ord(text[at]) if at < len(text) else None
            if 0xD800 <= code < 0xE000:  # noqa: PLR2004 - the surrogates
                message = f"U+{code:04X} is half a surrogate pair: the text is not valid Unicode"
                raise UnencodableTextError(message)
            if self._unicode:
                self._write_in_unicode_mode(code, after)
            else:
                self._write_in_byte_mode(code, after)
        return bytes(self._out)

    def _write_in_byte_mode(self, code: int, after: int | None) -> None:
        if code < _WINDOW:
            self._write_ascii(code)
            return
        window = self._window_of(code)
        if window is not None:
            self._write_from_window(window, code, after)
        elif (static := _static_window(code)) is not None and not _near(code, after):
            self._out += bytes((_SQ0 + static, code - _STATIC_WINDOWS[static]))
        elif not _has_window(code, after):
            self._enter_unicode_mode(code, after)
        else:
            self._define_window(code, _SD0, _SDX)
            self._out.append(_WINDOW + code - self._windows[self._active])

    def _write_ascii(self, code: int) -> None:
        if chr(code) in _TAGS:
            self._out.append(_SQ0)
        self._out.append(code)

    def _write_from_window(self, window: int, code: int, after: int | None) -> None:
        if window != self._active:
            back = after is not None and self._in_window(self._active, after)
            if back:
                self._out.append(_SQ0 + window)
            else:
                self._out.append(_SC0 + window)
                self._active = window
        self._used(window)
        self._out.append(_WINDOW + code - self._windows[window])

    def _enter_unicode_mode(self, code: int, after: int | None) -> None:
        alone = after is None or _compressible(after)
        if alone and code < _SUPPLEMENTARY:
            self._out.append(_SQU)
            self._out += code.to_bytes(2, "big")
            return
        self._out.append(_SCU)
        self._unicode = True
        self._write_units(code)

    def _write_in_unicode_mode(self, code: int, after: int | None) -> None:
        if not (_compressible(code) and (after is None or _compressible(after))):
            self._write_units(code)
            return
        self._unicode = False
        if code < _WINDOW:
            self._out.append(_UC0 + self._active)
            self._write_ascii(code)
            return
        window = self._window_of(code)
        if window is None:
            self._define_window(code, _UD0, _UDX)
        else:
            self._out.append(_UC0 + window)
            self._active = window
        self._out.append(_WINDOW + code - self._windows[self._active])

    def _write_units(self, code: int) -> None:
        units = chr(code).encode("utf-16-be")
        if _UC0 <= units[0] <= _LAST_UNICODE_TAG:
            self._out.append(_UQU)
        self._out += units

    def _window_of(self, code: int) -> int | None:
        """Return the dynamic window that holds `code`, the active one first."""
        if self._in_window(self._active, code):
            return self._active
        for window in range(len(self._windows)):
            if self._in_window(window, code):
                return window
        return None

    def _in_window(self, window: int, code: int) -> bool:
        return self._windows[window] <= code < self._windows[window] + _WINDOW

    def _define_window(self, code: int, define: int, define_extended: int) -> None:
        window = self._give_up[0]
        self._used(window)
        self._active = window
        start = code & ~(_WINDOW - 1)
        self._windows[window] = start
        if code >= _SUPPLEMENTARY:
            self._out.append(define_extended)
            self._out += (window << 13 | (start - _SUPPLEMENTARY) >> 7).to_bytes(2, "big")
        else:
            shift = _HIGH_WINDOW_SHIFT if code >= _CJK_TO else 0
            self._out += bytes((define + window, (start - shift) >> 7))

    def _used(self, window: int) -> None:
        self._give_up.remove(window)
        self._give_up.append(window)


def _static_window(code: int) -> int | None:
    for window, start in enumerate(_STATIC_WINDOWS):
        if start <= code < start + _WINDOW:
            return window
    return None


def _compressible(code: int) -> bool:
    """Whether byte mode has a window for `code`; lone emoji count as not."""
    return code < _CJK_FROM or _CJK_TO <= code < _SUPPLEMENTARY


def _has_window(code: int, after: int | None) -> bool:
    return _compressible(code) or (code >= _SUPPLEMENTARY and _near(code, after))


def _near(code: int, after: int | None) -> bool:
    """Whether the next character falls into the same 128, so that a window pays."""
    return after is not None and code >> 7 == after >> 7
