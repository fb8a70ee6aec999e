"""Marks in a name the letters that were typed, accents and marks aside."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def highlight(text: str, typed: str) -> SafeString:
    """Answer escaped HTML with <mark> around each beginning of a word that was typed."""
    wanted = sorted((_folded(word) for word in _WORD.findall(typed)), key=len, reverse=True)
    if not wanted:
        return mark_safe(escape(text))  # noqa: S308 - escaped
    return mark_safe(  # noqa: S308 - escaped piece by piece
        "".join(_marked(piece, wanted) for piece in re.split(r"([\s\-,()]+)", text))
    )


def _marked(word: str, wanted: Sequence[str]) -> str:
    folded = _folded(word)
    for begin in wanted:
        if begin and folded.startswith(begin):
            cut = _cut(word, len(begin))
            return format_html("<mark>{}</mark>{}", word[:cut], word[cut:])
    return escape(word)


def _cut(word: str, letters: int) -> int:
    """Answer how much of the word makes that many folded letters."""
    for end in range(1, len(word) + 1):
        if len(_folded(word[:end])) >= letters:
            return end
    return len(word)


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in plain if c.isalnum())
