"""What files are called: the same file under the names that references, copies and backups give it."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onboarding.filemaker.sources import ExternalSource

_ENDING = re.compile(r"\.(fmp12|fp7|fmpur|usr|xml|xlsx|csv|mer|tab|tsv|txt)$", re.IGNORECASE)
_COPY = re.compile(
    r"""(?:[\s_\-]+(?:copy|kopie|copie|backup|recovered|clone)(?:\s+\d{1,3})?
        |\s*\(\d{1,3}\)
        |[\s_\-]+\d{4}[-_.]?\d{2}[-_.]?\d{2}(?:[\s_T\-]+\d{2}[-_.]?\d{2}(?:[-_.]?\d{2})?)?
    )$""",
    re.VERBOSE | re.IGNORECASE,
)


def folded(name: str) -> str:
    """Answer a name as FileMaker and file systems compare it: without case, composed, one space."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def stem_of(name: str) -> str:
    """Answer a file's name without folders and ending."""
    last = re.split(r"[/\\]", name)[-1]
    return _ENDING.sub("", last).strip() or last


def identity_of(name: str) -> str:
    """Answer what copies of one file have in common: “Invoices Copy 2.fmp12” is “invoices”."""
    stem = folded(stem_of(name))
    while (shorter := _COPY.sub("", stem)) and shorter != stem:
        stem = shorter
    return stem


def names_in(source: ExternalSource) -> list[str]:
    """Answer the files an external data source may be, by its paths; variables name none."""
    names = []
    for path in source.paths:
        kind, _, rest = path.partition(":")
        rest = (
            rest if kind.lower() in {"file", "filemac", "filewin", "filelinux", "fmnet"} else path
        )
        name = stem_of(rest)
        if name and not name.startswith("$"):
            names.append(name)
    return list(dict.fromkeys(names))
