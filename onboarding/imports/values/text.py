"""Plain text: FileMaker's line ends and control characters made ordinary."""

from __future__ import annotations

import re
import unicodedata

# CR is FileMaker's return, VT its soft return, GS the separator of repetitions in exports.
_LINE_ENDS = re.compile(r"\r\n|[\r\v\x1d\u2028\u2029]")
NUL_SIGN = "\u2400"
"""Stands for NUL, which PostgreSQL refuses, in text kept as it came."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile(rf"[\x01-\x08\x0e-\x1f\x7f{NUL_SIGN}]")
_MARKS = {code: " " for code in range(128) if not chr(code).isalnum()}
_SPACES = re.compile(r"[ \t\u00a0\u2007\u202f]+")


def storable(raw: str) -> str:
    """Answer the text with what PostgreSQL cannot hold replaced: NUL by ␀, surrogates by U+FFFD."""
    if _UNSTORABLE.search(raw) is None:
        return raw
    return _UNSTORABLE.sub("\ufffd", raw.replace("\0", NUL_SIGN))


def clean(raw: str) -> str:
    """Answer the text with LF line ends, no control characters or NUL, no blanks around it."""
    if raw.isascii() and raw.isprintable():
        return raw.strip()
    text = _LINE_ENDS.sub("\n", storable(raw))
    return unicodedata.normalize("NFC", _CONTROLS.sub("", text)).strip()


def one_line(raw: str) -> str:
    """Answer the text on one line, runs of blanks made one."""
    text = clean(raw)
    if "  " not in text and text.isprintable() and text.isascii():
        return text
    return _SPACES.sub(" ", text.replace("\n", " ")).strip()


def lines(raw: str) -> list[str]:
    """Answer the lines that say something: a checkbox field is a list of them."""
    return [line.strip() for line in clean(raw).split("\n") if line.strip()]


def folded(raw: str) -> str:
    """Answer the text for comparing only: case, accents, punctuation and blanks out of the way."""
    text = one_line(raw)
    if text.isascii():
        return " ".join(text.lower().translate(_MARKS).split())
    text = unicodedata.normalize("NFKD", text).casefold()
    kept = (char for char in text if not unicodedata.combining(char))
    return " ".join("".join(char if char.isalnum() else " " for char in kept).split())
