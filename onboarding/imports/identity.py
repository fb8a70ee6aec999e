"""Whether a file is one we have seen before, under whatever name it comes this time.

A clinic uploads its file again weeks later: “Clinic copy 3.fmp12”. If it were taken for another file,
every patient would be doubled; if another file were taken for it, patients would be overwritten. So
neither the name nor the structure decides but the records: the same record ids must hold mostly the
same text as when they were loaded.

Of several files as one job each is known in the same way, and gets the slot it had before (see
`onboarding.filemaker.bundle.ids`), whatever else the job holds this time. A file of which nothing was
loaded is known by its name among the files of its solution.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING

from django.db import connection

from onboarding.filemaker.bundle.ids import composed, free_slot
from onboarding.filemaker.bundle.names import identity_of
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.imports.models import ImportLink, ImportSource, SourceFile
from onboarding.imports.payload import dumped, payload_of
from onboarding.imports.values.text import folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from onboarding.filemaker.exports.detect import OpenSource

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
    known = _known_keys()
    best = max(((_likeness(source, key), key) for key in known), default=(0.0, ""))
    if best[0] >= ALIKE:
        key, seen = best[1], True
    elif source.key and source.key not in known and source.kind == ImportSource.Kind.BUNDLE:
        key, seen = source.key, False
    else:
        key, seen = _free_key(_named_after(source), set(known)), False
    if source.key != key:
        source.key = key
        source.save(update_fields=["key"])
    return seen


def _known_keys() -> list[str]:
    return list(ImportLink.objects.order_by().values_list("source_key", flat=True).distinct())


def _named_after(source: ImportSource) -> str:
    """A job is called after the file whose tables keep their ids, not after how many came with it."""
    first = source.files.filter(role=SourceFile.Role.DATA).order_by("slot", "position").first()
    return first.file_name if first else source.file_name


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


# ── several files as one job ──────────────────────────────────────────────────────────────────────

SAMPLED_TABLES = 12
SAMPLED_RECORDS = 60
LEAST_CELLS = 6
"""Fewer cells in common than this say nothing."""


class ImportedApartError(FileMakerFileError):
    code = "imported-apart"
    remedy = "Import each of them by itself again: that brings what is here up to date."

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            f"{' and '.join(f'“{name}”' for name in names)} were imported before, each by itself. "
            "As one import their records would all come a second time.",
            files=list(names),
        )


@dataclass(frozen=True)
class OpenFile:
    """A data file of a job, open; `slot` where it was given one in an earlier reading of the job."""

    name: str
    source: OpenSource
    slot: int | None = None


@dataclass
class _KnownSolution:
    """What is remembered of a solution: file identity by slot, and the ids in slot 0."""

    key: str
    names: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    ids_in_slot_0: set[int] = field(default_factory=set)


def settle_slots(source: ImportSource, files: Sequence[OpenFile]) -> list[int]:
    """Answer the slot of each file, known ones as before; a job's key is set, not saved.

    Raises ImportedApartError for files that were imported before under different keys.
    """
    solutions = _solutions()
    samples = [_sample(file.source) if solutions else {} for file in files]
    found = _best_places(samples, solutions)
    keys = {key for key, _ in found.values()}
    if len(keys) > 1:
        raise ImportedApartError([files[n].name for n in sorted(found)])
    known = solutions[keys.pop()] if keys else _KnownSolution("")
    if known.key:
        source.key = known.key
    slots = {n: slot for n, (_, slot) in found.items()}
    for n, file in enumerate(files):
        if n not in slots and file.slot is not None and file.slot not in slots.values():
            slots[n] = file.slot
    for n, file in enumerate(files):
        if n not in slots:
            slots[n] = _slot_of(file, known, slots, samples[n])
    return [slots[n] for n in range(len(files))]


def _slot_of(
    file: OpenFile, known: _KnownSolution, given: Mapping[int, int], sample: _Sample
) -> int:
    """Answer the slot of a file whose records are not known: by its name, else a new one."""
    taken = {*known.names, *given.values()}
    for slot, names in sorted(known.names.items()):
        mine = identity_of(file.name) in names and slot not in given.values()
        if mine and _likeness_at(sample, known.key, slot) is None:
            return slot
    own = [table.id for table in file.source.tables()]
    return free_slot(taken, own_ids=own, ids_in_slot_0=known.ids_in_slot_0)


def _solutions() -> dict[str, _KnownSolution]:
    solutions = {key: _KnownSolution(key) for key in _known_keys()}
    for row in ImportSource.objects.filter(key__in=solutions).exclude(
        kind=ImportSource.Kind.BUNDLE
    ):
        solutions[row.key].names[0].add(identity_of(row.file_name))
        for table in row.structure.get("tables", ()):
            solutions[row.key].ids_in_slot_0.add(table["table"]["id"])
    files = SourceFile.objects.filter(source__key__in=solutions, slot__isnull=False)
    for file in files.select_related("source").defer("source__structure", "source__profile"):
        solutions[file.source.key].names[file.slot or 0].add(identity_of(file.file_name))
    return solutions


_Sample = dict[int, dict[int, dict[str, str]]]
"""Own table id → record id → payload."""


def _sample(source: OpenSource) -> _Sample:
    tables = sorted(source.tables(), key=lambda table: -table.record_count)[:SAMPLED_TABLES]
    return {
        table.id: {
            record.id: json.loads(dumped(payload_of(record.values)))
            for record in islice(source.records(table.id), SAMPLED_RECORDS)
            if record.values
        }
        for table in tables
        if table.record_count
    }


def _best_places(
    samples: Sequence[_Sample], solutions: Mapping[str, _KnownSolution]
) -> dict[int, tuple[str, int]]:
    """Answer, for the files whose records are known, key and slot: the best first, each once."""
    scored = []
    for n, sample in enumerate(samples):
        for key, solution in solutions.items():
            for slot in solution.names or {0: set()}:
                score = _likeness_at(sample, key, slot)
                if score is not None and score >= ALIKE:
                    scored.append((-score, key, slot, n))
    found: dict[int, tuple[str, int]] = {}
    for _, key, slot, n in sorted(scored):
        if n not in found and (key, slot) not in found.values():
            found[n] = (key, slot)
    return found


def _likeness_at(sample: _Sample, key: str, slot: int) -> float | None:
    """Share of equal cells between a file and what was loaded from a slot; None without any."""
    if not key:
        return None
    equal = total = 0
    for table_id, records in sample.items():
        links = ImportLink.objects.filter(
            source_key=key, table_id=composed(slot, table_id), record_id__in=list(records)
        )
        for record_id, raw in links.values_list("record_id", "raw"):
            equal += _equal(raw, records[record_id])
            total += max(len(raw), len(records[record_id]), 1)
    return equal / total if total >= LEAST_CELLS else None
