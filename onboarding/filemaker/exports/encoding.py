"""How the bytes of a text file stand for characters: a guess, and what else it may be.

In order: a byte order mark, strict UTF-8, UTF-16 by its zero bytes, then Windows-1252 or MacRoman by
which of them makes words of the bytes above 127. The last is a guess a person has to confirm.
"""

import codecs
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LABELS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 (little endian)",
    "utf-16-be": "UTF-16 (big endian)",
    "cp1252": "Windows (1252)",
    "mac-roman": "Macintosh (MacRoman)",
    "cp932": "Japanese (Shift-JIS)",
}
_BLOCK = 256 * 1024
_HEAD = 64 * 1024
_MOST_SCORED = 20_000
_COMMON = frozenset(
    "äöüßÄÖÜéèêëàâîïôûùçæœÉÈÀÇáíóúñÁÍÓÚÑãõåøÅØìòłšžčřý“”„–—…•€°£©®«»§½\u00a0"
) | frozenset("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{ACUTE ACCENT}")
_INSIDE_WORDS = "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{EN DASH}"
_HALF_ZERO = 0.3
_LEAST_KANA, _LEAST_SHARE = 10, 0.3


@dataclass(frozen=True, slots=True)
class EncodingGuess:
    """The likeliest encoding, why, and all that can be, likeliest first."""

    encoding: str
    reason: str
    plausible: tuple[str, ...]
    is_certain: bool


def guess_encoding(path: Path) -> EncodingGuess:
    """Look at every byte of the file once, in bounded memory."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            reason = f"The file begins with the mark of {LABELS[encoding]}."
            return EncodingGuess(encoding, reason, (encoding,), is_certain=True)
    zeros = _zero_bytes(head)
    if zeros:
        return EncodingGuess(
            zeros, "Every other byte is zero, as in UTF-16.", (zeros,), is_certain=True
        )
    plain, fits = _utf8(path)
    if fits:
        reason = (
            "Only plain letters occur, which are the same in every encoding."
            if plain
            else "All accented letters are valid UTF-8, which does not happen by chance."
        )
        return EncodingGuess("utf-8", reason, ("utf-8",), is_certain=True)
    return _single_bytes(path)


_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def length_of_mark(start: bytes) -> int:
    """Answer how many bytes of a byte order mark stand at the beginning."""
    return next((len(mark) for mark in _MARKS if start.startswith(mark)), 0)


def _zero_bytes(head: bytes) -> str:
    even, odd = head[::2], head[1::2]
    if not odd:
        return ""
    share_even, share_odd = even.count(0) / len(even), odd.count(0) / len(odd)
    if share_odd > _HALF_ZERO > share_even:
        return "utf-16-le"
    if share_even > _HALF_ZERO > share_odd:
        return "utf-16-be"
    return ""


def _utf8(path: Path) -> tuple[bool, bool]:
    """Answer whether all bytes are plain ASCII, and whether they are UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    plain = True
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            plain = plain and block.isascii()
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return False, False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False, False
    return plain, True


def _single_bytes(path: Path) -> EncodingGuess:
    sample = _around_high_bytes(path)
    scores = {encoding: _score(sample, encoding) for encoding in ("cp1252", "mac-roman")}
    order = sorted(scores, key=lambda encoding: -scores[encoding])
    best = order[0]
    if _reads_as_japanese(sample):
        order.insert(0, "cp932")
        best = "cp932"
    return EncodingGuess(
        best,
        f"It is not UTF-8, and read as {LABELS[best]} its accented letters make the likeliest words.",
        tuple(order),
        is_certain=False,
    )


def _around_high_bytes(path: Path) -> list[bytes]:
    """Answer bytes above 127 with what stands beside them, up to 20,000 pieces."""
    found: list[bytes] = []
    with path.open("rb") as file:
        while (block := file.read(_BLOCK)) and len(found) < _MOST_SCORED:
            lines = block.replace(b"\r", b"\n").split(b"\n")
            found.extend(line for line in lines if not line.isascii())
    return found[:_MOST_SCORED]


def _score(lines: Sequence[bytes], encoding: str) -> float:
    score = 0.0
    for line in lines:
        text = line.decode(encoding, "replace")
        for before, sign, after in zip(f" {text}", text, f"{text[1:]} ", strict=False):
            if sign < "\x80":
                continue
            inside = before.isalpha() and after.isalpha()
            if sign == "\ufffd":
                score -= 3
            elif sign in _COMMON:
                score += 1
            elif inside or not sign.isalpha():
                score -= 1
            if sign.isupper() and before.islower():
                score -= 2
            elif inside and not sign.isalpha() and sign not in _INSIDE_WORDS:
                score -= 1
    return score


def _reads_as_japanese(lines: Sequence[bytes]) -> bool:
    """True where all of it is Shift-JIS and a good part of what is above 127 are kana."""
    kana = total = 0
    for line in lines:
        try:
            text = line.decode("cp932")
        except UnicodeDecodeError:
            return False
        high = [sign for sign in text if sign > "\x7f"]
        total += len(high)
        kana += sum("\u3040" <= sign <= "\u30ff" for sign in high)
    return kana >= _LEAST_KANA and kana > total * _LEAST_SHARE
