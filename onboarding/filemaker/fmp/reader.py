"""An open FileMaker file as a `Source`.

    with open_file(path) as file:
        for table in file.tables():
            for record in file.records(table.id):
                ...

What can be read is read; what is missing is in `file.warnings` and, per table, in
`file.account(table_id)`. Only a file of which nothing can be read raises.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from onboarding.filemaker.fmp import catalogue, varint
from onboarding.filemaker.fmp.bitmap import Bitmap, read_bitmap
from onboarding.filemaker.fmp.containers import ContainerStore
from onboarding.filemaker.fmp.records import (
    Account,
    add_global_cells,
    read_records,
)
from onboarding.filemaker.fmp.tree import Tree
from onboarding.filemaker.sources import (
    Cells,
    ContainerObject,
    ExternalOccurrence,
    ExternalSource,
    Field,
    Locale,
    Record,
    Relationship,
    Source,
    SourceWarning,
    Table,
    ValueList,
)

GLOBALS = b"\x08"
BITMAP = b"\x0d"
FIRST_TABLE_ID = 129


class UnknownTableError(LookupError):
    """The file has no table of this id."""

    def __init__(self, table_id: int) -> None:
        super().__init__(f"this file has no table {table_id}; tables() lists those it has")


def open_file(path: str | Path) -> "FmpFile":
    """Open a `.fp7` or `.fmp12` file; raise a FileMakerFileError where nothing can be read."""
    return FmpFile(Path(path))


class FmpFile(Source):
    """One open file; close it, or use it as a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tree = Tree(path)
        try:
            self.generation = self._tree.pages.header.generation
            self.size = self._tree.pages.size
            self._warnings: dict[tuple[str, object], SourceWarning] = {}
            self._bitmaps: dict[int, Bitmap] = {}
            self._accounts: dict[int, Account] = {}
            self._fields: dict[int, catalogue.FieldList] = {}
            self._note_structure()
            self._tables = self._read_tables()
            self._note_clone()
        except BaseException:
            self._tree.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._tree.close()

    # --- what is in the file -------------------------------------------------------------

    def tables(self) -> Sequence[Table]:
        return list(self._tables.values())

    def fields(self, table_id: int) -> Sequence[Field]:
        """Return the table's named fields, and those without a name that hold values."""
        return self._field_list(table_id).fields

    def nameless_fields(self, table_id: int) -> Sequence[Field]:
        """Return what deleted or never named fields left behind, with and without values."""
        return self._field_list(table_id).nameless

    def fields_named_in_pieces(self, table_id: int) -> frozenset[int]:
        """Return the ids of fields whose name is long or not of one-byte characters."""
        return frozenset(self._field_list(table_id).in_pieces)

    def records(self, table_id: int) -> Iterator[Record]:
        self._table(table_id)
        bitmap = self._bitmap(table_id)
        account = Account(expected=len(bitmap), expected_is_exact=self._bitmap_is_whole(table_id))
        self._accounts[table_id] = account
        yield from read_records(self._tree, varint.encode(table_id), bitmap, account)
        self._note_account(table_id, account)

    def account(self, table_id: int) -> Account | None:
        """Return what became of the table's records in their last reading, if there was one."""
        return self._accounts.get(table_id)

    def global_values(self, table_id: int) -> Cells:
        self._table(table_id)
        cells: Cells = {}
        add_global_cells(cells, self._tree.entries((varint.encode(table_id), GLOBALS)))
        return cells

    def containers(self, table_id: int) -> Iterator[ContainerObject]:
        return self._store(table_id).objects()

    def container(self, table_id: int, object_id: int) -> ContainerObject | None:
        return self._store(table_id).object(object_id)

    def relationships(self) -> Sequence[Relationship]:
        return catalogue.read_relationships(self._tree)

    def value_lists(self) -> Sequence[ValueList]:
        return catalogue.read_value_lists(self._tree)

    def external_sources(self) -> Sequence[ExternalSource]:
        return catalogue.read_external_sources(self._tree)

    def external_occurrences(self) -> Sequence[ExternalOccurrence]:
        """Return the table occurrences that show tables of other files."""
        return catalogue.read_external_occurrences(self._tree)

    def locale(self) -> Locale | None:
        return catalogue.read_locale(self._tree)

    def saved_by(self) -> str:
        """Return the version of FileMaker that last saved the file, where the file says."""
        return catalogue.read_saved_by(self._tree)

    @property
    def warnings(self) -> Sequence[SourceWarning]:
        self._note_unreadable_leaves()
        return list(self._warnings.values())

    # --- how it is read ------------------------------------------------------------------

    def _field_list(self, table_id: int) -> catalogue.FieldList:
        self._table(table_id)
        known = self._fields.get(table_id)
        if known is None:
            known = catalogue.read_fields(self._tree, varint.encode(table_id))
            self._fields[table_id] = known
            names_are_lost = self._may_have_lost_fields(table_id)
            if known.nameless or names_are_lost:
                self._add_unnamed_fields(table_id, known, names_are_lost=names_are_lost)
            if known.unclear:
                self._warn(
                    "field-definition-unclear",
                    f"Table {table_id} has fields whose definition could not be read; "
                    "they are taken as text.",
                    table_id=table_id,
                    field_ids=known.unclear,
                )
        return known

    def _table(self, table_id: int) -> Table:
        table = self._tables.get(table_id)
        if table is None:
            raise UnknownTableError(table_id)
        return table

    def _read_tables(self) -> dict[int, Table]:
        names = {
            varint.decode(key): name for key, name in catalogue.read_table_names(self._tree).items()
        }
        if self._tree.is_damaged:
            self._add_nameless_tables(names)
        return {
            table_id: Table(table_id, names[table_id], self._record_count(table_id))
            for table_id in sorted(names)
        }

    def _record_count(self, table_id: int) -> int:
        count = len(self._bitmap(table_id))
        if self._bitmap_is_whole(table_id):
            return count
        self._warn(
            "bitmap-lost",
            f"The list of existing records of table {table_id} is lost or incomplete; "
            "its records were counted instead.",
            table_id=table_id,
        )
        account = Account(expected=count)
        key = varint.encode(table_id)
        return max(count, sum(1 for _ in read_records(self._tree, key, Bitmap(), account)))

    def _bitmap_is_whole(self, table_id: int) -> bool:
        key = varint.encode(table_id)
        return not self._tree.has_gap((key, BITMAP), (key, BITMAP + b"\0"))

    def _add_nameless_tables(self, names: dict[int, str]) -> None:
        """Find tables by their data where the leaf with their names may be lost."""
        if not catalogue.may_have_lost_names(self._tree):
            return
        for key in catalogue.table_keys_with_records(self._tree):
            table_id = varint.decode(key)
            if table_id >= FIRST_TABLE_ID and table_id not in names:
                names[table_id] = f"Table {table_id}"
                self._warn(
                    "table-name-lost",
                    f"The name of table {table_id} is lost; its data is there.",
                    table_id=table_id,
                )

    def _may_have_lost_fields(self, table_id: int) -> bool:
        key = varint.encode(table_id)
        lower, upper = (key, *catalogue.FIELDS), (key, catalogue.FIELDS[0] + b"\0")
        return self._tree.is_damaged and self._tree.has_gap(lower, upper)

    def _add_unnamed_fields(
        self, table_id: int, known: catalogue.FieldList, *, names_are_lost: bool
    ) -> None:
        """Offer fields that have values but no name under their number; reads the records once."""
        used = {field_id for field_id, _ in self.global_values(table_id)}
        unread = Account(expected=0)
        for record in read_records(self._tree, varint.encode(table_id), Bitmap(), unread):
            used.update(field_id for field_id, _ in record.values)
        unnamed = sorted(used - {field.id for field in known.fields})
        if not unnamed:
            return
        nameless = {field.id: field for field in known.nameless}
        for field_id in unnamed:
            found = nameless.get(field_id, catalogue.unknown_field(field_id))
            known.fields.append(replace(found, name=f"Field {field_id}"))
        known.fields.sort(key=lambda field: field.id)
        self._warn(
            "field-names-lost" if names_are_lost else "fields-without-name",
            f"{len(unnamed)} fields of table {table_id} have values but "
            f"{'their names are lost' if names_are_lost else 'no name'}; the values are there, "
            "under the fields' numbers.",
            table_id=table_id,
            field_ids=unnamed,
        )

    def _bitmap(self, table_id: int) -> Bitmap:
        known = self._bitmaps.get(table_id)
        if known is None:
            known = read_bitmap(self._tree.entries((varint.encode(table_id), BITMAP)))
            self._bitmaps[table_id] = known
            if known.malformed:
                self._warn(
                    "bitmap-damaged",
                    f"The list of existing records of table {table_id} is damaged; "
                    "its record count may be too low.",
                    table_id=table_id,
                )
        return known

    def _store(self, table_id: int) -> ContainerStore:
        self._table(table_id)

        def report(object_id: int, stream: str, promised: int, found: int) -> None:
            self._warn(
                "container-incomplete",
                f"Container object {object_id} of table {table_id} has {found} of "
                f"{promised} bytes in stream {stream.strip()}.",
                about=(table_id, object_id, stream),
                table_id=table_id,
                object_id=object_id,
                promised=promised,
                found=found,
            )

        return ContainerStore(self._tree, varint.encode(table_id), report)

    # --- what is wrong with it -----------------------------------------------------------

    def _warn(self, code: str, message: str, *, about: object = None, **facts: object) -> None:
        key = (code, about if about is not None else facts.get("table_id"))
        self._warnings[key] = SourceWarning(code, message, facts)

    def _note_structure(self) -> None:
        tree = self._tree
        if tree.is_cut_short:
            self._warn(
                "truncated",
                f"The file is cut short: {tree.pages.count} of {tree.expected_sectors} sectors "
                "are there. What is there was read; copy and upload the file again.",
                sectors=tree.pages.count,
                expected_sectors=tree.expected_sectors,
            )
        elif not tree.is_sound:
            self._warn(
                "damaged",
                "The file is damaged. Every part that can be read was read; take the newest "
                "backup that opens in FileMaker, or recover a copy, and compare.",
            )

    def _note_unreadable_leaves(self) -> None:
        if self._tree.order.rejected:
            count = len(self._tree.order.rejected)
            self._warn(
                "unreadable-sectors",
                f"{count} sector(s) of the file could not be read and were left out.",
                sectors=sorted(self._tree.order.rejected)[:1000],
                count=count,
            )

    def _note_clone(self) -> None:
        if any(table.record_count for table in self._tables.values()):
            return
        if not self._tables:
            self._warn("no-tables", "The file has no tables, so there is nothing to import.")
        elif self.locale() is None:
            self._warn(
                "clone",
                "This is a clone: a copy without any records. "
                "Save a copy with data (File > Save a Copy As > copy of current file).",
            )
        else:
            self._warn("no-records", "None of the file's tables has any records.")

    def _note_account(self, table_id: int, account: Account) -> None:
        name = self._tables[table_id].name
        if account.lost or account.incomplete_ids:
            self._warn(
                "records-lost",
                f'Table "{name}": of {account.expected} records {account.recovered} were read and '
                f"{account.lost} are lost; {len(account.incomplete_ids)} may be incomplete.",
                table_id=table_id,
                expected=account.expected,
                expected_is_exact=account.expected_is_exact,
                recovered=account.recovered,
                lost=account.lost,
                lost_ids=account.lost_ids,
                incomplete_ids=account.incomplete_ids,
            )
        if account.misplaced:
            self._warn(
                "records-misplaced",
                f'Table "{name}": {account.misplaced} records stood out of order and were left '
                "out; the file is damaged there.",
                table_id=table_id,
                count=account.misplaced,
            )
        if account.unlisted:
            self._warn(
                "records-unlisted",
                f'Table "{name}": {account.unlisted} records were read that the list of '
                "existing records does not name.",
                table_id=table_id,
                count=account.unlisted,
            )
        if account.garbled_cells:
            self._warn(
                "cells-garbled",
                f'Table "{name}": {account.garbled_cells} cells are damaged or incomplete; '
                "what is not text stands as �.",
                table_id=table_id,
                count=account.garbled_cells,
            )
