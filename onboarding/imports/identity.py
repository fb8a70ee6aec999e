"""Whether a file is one we have seen before, under whatever name it comes this time.

A clinic uploads its file again weeks later: “Clinic copy 3.fmp12”. If it were taken for another file,
every patient would be doubled; if another file were taken for it, patients would be overwritten. So
neither the name nor the structure decides but the records: the same record ids must hold mostly the
same text as when they were loaded.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.db import connection

from onboarding.imports.models import ImportLink
from onboarding.imports.values.text import folded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onboarding.imports.models import ImportSource

SAMPLE = 300
ALIKE = 0.5
"""Share of equal cells from which two states of a record set are one file's."""

_COMMON = """
SELECT l.raw, s.payload
FROM imports_importlink AS l
JOIN imports_stagedrecord AS s
  ON s.source_id = %s AND s.table_id = l.table_id AND s.record_id = l.record_id
WHERE l.source_key = %s ORDER BY l.table_id, l.record_id LIMIT %s
"""


def settle_key(source: ImportSource) -> bool:
    """Give the file the key of the one it is; answers whether it was imported before."""
    known = list(ImportLink.objects.order_by().values_list("source_key", flat=True).distinct())
    best = max(((_likeness(source, key), key) for key in known), default=(0.0, ""))
    if best[0] >= ALIKE:
        key, seen = best[1], True
    else:
        key, seen = _free_key(source.file_name, set(known)), False
    if source.key != key:
        source.key = key
        source.save(update_fields=["key"])
    return seen


def _likeness(source: ImportSource, key: str) -> float:
    equal = total = 0
    with connection.cursor() as cursor:
        cursor.execute(_COMMON, [source.pk, key, SAMPLE])
        for loaded, staged in cursor.fetchall():
            one, other = json.loads(loaded), json.loads(staged)
            equal += _equal(one, other)
            total += max(len(one), len(other), 1)
    return equal / total if total else 0.0


def _equal(one: Mapping[str, str], other: Mapping[str, str]) -> int:
    return sum(1 for name, text in one.items() if other.get(name) == text)


def _free_key(file_name: str, known: set[str]) -> str:
    stem = re.sub(r"\s+", "-", folded(PurePath(file_name).stem))[:100] or "file"
    key, number = stem, 1
    while key in known:
        number += 1
        key = f"{stem}-{number}"
    return key
