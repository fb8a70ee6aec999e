"""Keys as FileMaker compares them."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"0*(\d+)(?:\.0+)?")


def key_text(raw: str) -> str:
    """Make keys comparable the way FileMaker matches numbers: `0042`, `42` and `42.0` are one."""
    text = " ".join(raw.split()).casefold()
    match = _WHOLE.fullmatch(text)
    return match[1] if match else text
