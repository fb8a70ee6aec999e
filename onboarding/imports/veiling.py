"""Examples a person can judge a mapping by without reading about anybody.

Words keep their first letter, numbers their first two digits; states, kinds of streets, titles, months
and words with a fixed meaning stay, because they show how a text is parted.
"""

from __future__ import annotations

import re

from onboarding.imports.values.names import TITLES
from onboarding.imports.values.text import folded

DOT = "•"
LONGEST = 90
_PLAIN = TITLES | frozenset(
    "nsw vic qld sa wa tas act nt street st road rd avenue ave lane ln drive court ct place pl way unit "
    "parade crescent highway terrace box po strasse str weg platz allee rue jan feb mar apr may jun "
    "jul aug sep oct nov dec january february march april june july august september october november "
    "december am pm yes no ja nein oui non true false male female active inactive and or "
    "australia home work mobile".split()
)
_DATE = re.compile(
    r"\b(\d{1,2}[./\-]\d{1,2}[./\-])(\d{2})(\d{2})\b|\b(\d{2})(\d{2})(-\d{2}-\d{2})\b"
)
_TOKEN = re.compile(r"[^\W\d_]+|\d+")


def veiled(text: str) -> str:
    """Answer the text with what could name a person taken out; `¶` stands for a line's end."""
    shown = text.replace("\r\n", "\n").replace("\r", "\n").replace("\v", "\n").strip()
    cut = f"{shown[:LONGEST]}…" if len(shown) > LONGEST else shown
    dated = _DATE.sub(_veiled_date, cut)
    return _TOKEN.sub(_veiled_token, dated).replace("\n", "¶").replace("\x1d", "¶")


def _veiled_date(match: re.Match[str]) -> str:
    if match[1]:
        return f"{match[1]}{match[2]}{DOT * 2}"
    return f"{match[4]}{DOT * 2}{match[6]}"


def _veiled_token(match: re.Match[str]) -> str:
    token = match[0]
    if token.isdigit():
        return token if len(token) <= 2 else f"{token[:2]}{DOT * (len(token) - 2)}"  # noqa: PLR2004
    if len(token) == 1 or folded(token) in _PLAIN:
        return token
    return f"{token[0]}{DOT * (len(token) - 1)}"
