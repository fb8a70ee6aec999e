"""Which files kept outside the database are here, which are missing, and which fit nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection

from onboarding.filemaker.bundle.folder import ContainerFolder, name_in
from onboarding.filemaker.sources import ContainerRef
from onboarding.imports.bundle import container_zips, folder_entries
from onboarding.imports.models import FileTask, ImportSource
from onboarding.imports.structure import Structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onboarding.filemaker.bundle.folder import FolderEntry

MATCHED, MISSING, SEVERAL, EXTRA = "matched", "missing", "several", "extra"
WORDS = {
    MATCHED: "In the folder",
    MISSING: "Missing",
    SEVERAL: "Several fit",
    EXTRA: "Fits no record",
}


@dataclass(frozen=True)
class ListedFile:
    """A container cell with what was found for it, or a file of the folder without a cell."""

    fate: str
    name: str
    table: str = ""
    record_id: int | None = None
    path: str = ""
    size: int | None = None

    @property
    def words(self) -> str:
        return WORDS[self.fate]


@dataclass(frozen=True)
class FolderListing:
    """All files of all container folders of a job beside the cells that name files outside."""

    files: Sequence[ListedFile]
    given: int

    def count(self, fate: str) -> int:
        return sum(file.fate == fate for file in self.files)

    @property
    def counts(self) -> dict[str, int]:
        return {fate: self.count(fate) for fate in WORDS}

    def of(self, fate: str) -> list[ListedFile]:
        return [file for file in self.files if not fate or file.fate == fate]


def listing_of(source: ImportSource) -> FolderListing:
    """Match the folders of a job with its cells; needs the clinic's scope, opens no zip."""
    entries = list(folder_entries(container_zips(source)))
    folder = ContainerFolder(entries)
    tables = {t.id: t.name for t in Structure.from_json(source.structure).tables}
    files: list[ListedFile] = []
    used: set[FolderEntry] = set()
    for table_id, record_id, cell in _outside_cells(source):
        lines = ContainerRef.from_cell(cell).paths
        match = folder.match(lines)
        table, name = tables.get(table_id, str(table_id)), name_in(lines)
        if match.entry is not None:
            used.add(match.entry)
            entry = match.entry
            files.append(ListedFile(MATCHED, name, table, record_id, entry.path, entry.size))
        else:
            fate = SEVERAL if match.several else MISSING
            files.append(ListedFile(fate, name, table, record_id, " · ".join(lines)))
    files += [
        ListedFile(EXTRA, entry.path.rpartition("/")[2], path=entry.path, size=entry.size)
        for entry in entries
        if entry not in used
    ]
    return FolderListing(files, len(entries))


def _outside_cells(source: ImportSource) -> Iterator[tuple[int, int, str]]:
    """Yield the container cells that name files outside: of the staged records, else of the tasks."""
    wanted = [
        (table.id, field.id, repetition)
        for table in Structure.from_json(source.structure).tables
        for field in table.record_fields
        if field.type == "container"
        for repetition in range(1, field.repetitions + 1)
    ]
    if source.state == ImportSource.State.STAGED and wanted:
        found = _staged_cells(source, wanted)
    else:
        tasks = FileTask.objects.filter(run__source=source).order_by("table_id", "record_id")
        found = iter(tasks.values_list("table_id", "record_id", "cell"))
    for table_id, record_id, cell in found:
        if ContainerRef.from_cell(cell).is_external:
            yield table_id, record_id, cell


def _staged_cells(
    source: ImportSource, wanted: Sequence[tuple[int, int, int]]
) -> Iterator[tuple[int, int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.table_id, r.record_id, r.payload ->> w.key "
            "FROM unnest(%s::int[], %s::text[]) AS w (table_id, key) "
            "JOIN imports_stagedrecord AS r ON r.source_id = %s AND r.table_id = w.table_id "
            "WHERE r.payload ? w.key ORDER BY 1, 2",
            [
                [table_id for table_id, _, _ in wanted],
                [str(f) if r == 1 else f"{f}:{r}" for _, f, r in wanted],
                source.pk,
            ],
        )
        yield from cursor.fetchall()
