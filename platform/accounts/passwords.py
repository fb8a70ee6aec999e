"""Which passwords are refused; their length is checked by Django, kinds of characters by nobody."""

from __future__ import annotations

import gzip
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz")
_LEET = str.maketrans("0134578@$!", "oleastbasi")
_PADDING = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_DIFFERENT = 5
_RUN = 4
_OURS = frozenset({"nexus", "clinic", "physio", "podiatry", "letmein", "welcome"})


class PredictablePasswordValidator:
    """Refuses what a guessing program tries first: padded common words, rows of keys, repeats.

    Django's own list has few entries of twelve characters; people get there by padding short ones.
    """

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002
        if is_predictable(password):
            raise ValidationError(
                "This password is easy to guess: a common word, a row of keys or a repetition. "
                "Three or four unrelated words make a good one.",
                code="password_predictable",
            )

    def get_help_text(self) -> str:
        return "Three or four unrelated words make a good password; no symbols needed."


def is_predictable(password: str) -> bool:
    """Answer whether the password is a common one in disguise."""
    text = password.lower()
    if len(set(text)) < _DIFFERENT:
        return True
    forms = {text, text.translate(_LEET), _unpadded(text), _unpadded(text).translate(_LEET)}
    forms |= {_repeated(form) for form in forms}
    return any(form in common_passwords() or not _without_walks(form) for form in forms)


def _unpadded(text: str) -> str:
    return _PADDING.sub("", text)


def _repeated(text: str) -> str:
    """Answer the part of which the text is a repetition, or the text."""
    found = re.fullmatch(r"(.+?)\1+", text, re.DOTALL)
    return found.group(1) if found else text


def _without_walks(text: str) -> str:
    """Take rows of keys and of the alphabet out, in both directions."""
    for row in _ROWS:
        for line in (row * 2, (row * 2)[::-1]):
            for length in range(len(row), _RUN - 1, -1):
                for start in range(len(row)):
                    text = text.replace(line[start : start + length], "")
    return _unpadded(text)


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """Answer Django's list of common passwords and a few words of our own."""
    path = Path(password_validation.__file__).with_name("common-passwords.txt.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip() for line in lines) | _OURS | {""}
