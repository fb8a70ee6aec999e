"""How many texts a text is: the count a template's author sees and a clinic pays for.

    counted = count(normalise(body))
    counted.segments, counted.encoding, counted.left, counted.odd

A text of the GSM 7-bit alphabet (3GPP TS 23.038) holds 160 characters, or 153 in each part where it is
cut; €, brackets and a few others take two places. One character from outside of it makes all of it
UCS-2: 70, or 67 in each part. Nothing here asks anybody: it may run at every key stroke.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import pairwise

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""Characters behind an escape: two places each, never cut apart."""

_SINGLE = {"GSM-7": 160, "UCS-2": 70}
_PART = {"GSM-7": 153, "UCS-2": 67}

_PLAIN = {
    "'": "\u2018\u2019\u201b\u02bc\u00b4\u2032",
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2022\u2212\u00ad",
    ",": "\u201a",
    "...": "\u2026",
    " ": "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000",
    "": "\u200b\u200c\u2060\ufeff",
    "\n": "\u2028\u2029\x0b",
    "1/2": "\u00bd",
    "1/4": "\u00bc",
    "3/4": "\u00be",
}
_REPLACED = str.maketrans(
    {odd: plain for plain, all_odd in _PLAIN.items() for odd in all_odd}
    | {control: "" for control in map(chr, range(32)) if control not in "\t\n\r\x0b\f"}
)

_JOINER = "\u200d"
_SKINS = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_FLAGS = range(0x1F1E6, 0x1F200)


@dataclass(frozen=True)
class Count:
    """What a text comes to. `units` are the places taken, `left` those free in the last part."""

    encoding: str
    units: int
    segments: int
    left: int
    odd: tuple[str, ...] = ()
    """The characters that make it UCS-2, each once."""

    @property
    def is_gsm(self) -> bool:
        return self.encoding == "GSM-7"


def normalise(text: str) -> str:
    """Answer the text as it is sent: typographic marks in plain ones, one kind of line end."""
    composed = unicodedata.normalize("NFC", text)
    return composed.replace("\r\n", "\n").replace("\r", "\n").translate(_REPLACED)


def count(text: str) -> Count:
    """Count a text as it stands; `normalise` it first, as sending does."""
    odd = tuple(dict.fromkeys(one for one in text if one not in BASIC and one not in EXTENDED))
    if odd:
        sizes = [len(cluster.encode("utf-16-be")) // 2 for cluster in _clusters(text)]
        return _packed("UCS-2", sizes, odd)
    return _packed("GSM-7", [2 if one in EXTENDED else 1 for one in text], ())


def _packed(encoding: str, sizes: list[int], odd: tuple[str, ...]) -> Count:
    """Fill one part after the other; what belongs together is never cut."""
    units = sum(sizes)
    room = _SINGLE[encoding]
    if units <= room:
        return Count(encoding, units, 1 if units else 0, room - units, odd)
    part, segments, taken = _PART[encoding], 1, 0
    for size in sizes:
        if taken + size > part:
            segments, taken = segments + 1, 0
        taken += size
    return Count(encoding, units, segments, max(part - taken, 0), odd)


def _clusters(text: str) -> list[str]:
    """Split into what a reader sees as one character: an accent, a skin tone, a joined emoji."""
    if not text:
        return []
    found = [text[0]]
    for before, after in pairwise(text):
        if _belongs(found[-1], before, after):
            found[-1] += after
        else:
            found.append(after)
    return found


def _belongs(cluster: str, before: str, after: str) -> bool:
    code = ord(after)
    if before in "\r\n":
        return False
    if code in _FLAGS:
        return len(cluster) == 1 and ord(before) in _FLAGS
    if before == _JOINER:
        return len(cluster) > 1 and _is_pictured(after) and _is_pictured(cluster[0])
    is_mark = unicodedata.category(after) in {"Mn", "Me", "Mc"}
    return is_mark or after == _JOINER or code in _SKINS or code in _TAGS


def _is_pictured(one: str) -> bool:
    return unicodedata.category(one) in {"So", "Sk"} or one in "\u203c\u2049\u2194\u2195"
