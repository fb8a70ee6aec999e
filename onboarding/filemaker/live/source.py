"""What both interfaces share as a `Source`: tables by id, records with an account, one connection."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from onboarding.filemaker.fmp.records import Account
from onboarding.filemaker.live.containers import ObjectIds, Place
from onboarding.filemaker.live.notes import Notes
from onboarding.filemaker.live.paging import Page, Row, SeenIds, Walk
from onboarding.filemaker.live.transport import Transport
from onboarding.filemaker.sources import (
    Cells,
    ContainerObject,
    ExternalSource,
    Field,
    Locale,
    Record,
    Relationship,
    Source,
    SourceWarning,
    Table,
)

ISO = Locale("YMD", "-", ".", ",", ":", "", "")
AMERICAN = Locale("MDY", "/", ".", ",", ":", "", "")


class UnknownTableError(LookupError):
    """The database has no table of this id."""


class Client(Protocol):
    """One database at one server, until it is closed."""

    @property
    def transport(self) -> Transport: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class LiveTable:
    """A table with its fields and its containers' numbers."""

    table: Table
    fields: list[Field]
    objects: ObjectIds


class SentRow(Row, Protocol):
    """A record as sent, before its cells are made text."""

    @property
    def modification_count(self) -> int: ...


C = TypeVar("C", bound=Client)
T = TypeVar("T", bound=LiveTable)
R = TypeVar("R", bound=SentRow)


class LiveSource(Source, Generic[C, T, R]):
    """A running database. A context manager: the session, where there is one, ends with it."""

    interface = ""

    def __init__(self, client: C) -> None:
        self._client = client
        self._notes = Notes()
        self._loaded: dict[int, T] | None = None
        self._kept: dict[int, SeenIds] = {}
        self._accounts: dict[int, Account] = {}

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
        """End the connection, and the session on the server."""
        self._client.close()

    # --- what is in the database ---------------------------------------------------------------

    def tables(self) -> Sequence[Table]:
        return sorted((entry.table for entry in self._tables.values()), key=lambda each: each.id)

    def fields(self, table_id: int) -> Sequence[Field]:
        return self._table(table_id).fields

    def keep(self, table_id: int, record_ids: Iterable[int]) -> None:
        """Say which records of a table were read before: `records` goes on after them.

        They are counted in the table's account and not sent again, unless the server's records
        have moved since; then their pages are read again and only what is new is yielded.
        """
        kept = SeenIds()
        for record_id in record_ids:
            kept.add(record_id)
        self._kept[table_id] = kept

    def records(self, table_id: int) -> Iterator[Record]:
        """Yield the records in the order of the server, which is that of their ids."""
        entry = self._table(table_id)
        walk = self._walk(entry, kept=self._kept.pop(table_id, None))
        last = 0
        for sent in walk:
            if sent.id < last:
                self._note_order(entry)
            last = sent.id
            yield Record(sent.id, sent.modification_count, self._cells(entry, sent))
        self._close_account(entry.table, walk)

    def account(self, table_id: int) -> Account | None:
        """Say what became of a table's records; exact once they were read to the end.

        `expected` is the server's own last count, `lost` what it counted and never sent, `unlisted`
        what was read and deleted there before the end.
        """
        return self._accounts.get(table_id)

    def relationships(self) -> Sequence[Relationship]:
        """Return none: neither interface tells by which fields tables are related."""
        return ()

    def external_sources(self) -> Sequence[ExternalSource]:
        """Return none: neither interface tells them."""
        return ()

    def container(self, table_id: int, object_id: int) -> ContainerObject | None:
        entry = self._table(table_id)
        place = entry.objects.place(object_id)
        return self._fetch_place(entry, place) if place else None

    @property
    def warnings(self) -> Sequence[SourceWarning]:
        return self._notes.all()

    # --- what each interface does in its own way -------------------------------------------------

    @abstractmethod
    def _load(self) -> dict[int, T]:
        """Look at the database, once."""

    @abstractmethod
    def _page(self, entry: T, place: int, size: int) -> Page[R]:
        """Fetch rows of a table, places counted from 0."""

    @abstractmethod
    def _cells(self, entry: T, row: R, *, globals_only: bool = False) -> Cells:
        """Make a row's values text."""

    @abstractmethod
    def _fetch_place(self, entry: T, place: Place) -> ContainerObject | None:
        """Download one container."""

    # --- what they share -------------------------------------------------------------------------

    @property
    def _tables(self) -> dict[int, T]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _table(self, table_id: int) -> T:
        found = self._tables.get(table_id)
        if found is None:
            raise UnknownTableError(f"this database has no table {table_id}")
        return found

    def _walk(self, entry: T, *, kept: SeenIds | None = None) -> Walk[R]:
        return Walk(
            lambda place, size: self._page(entry, place, size),
            self._client.transport.clock,
            kept=kept,
        )

    def _first_globals(self, entry: T) -> Cells:
        """Return the globals' values, which a server sends with every record and not alone."""
        if not any(each.is_global for each in entry.fields):
            return {}
        rows = self._page(entry, 0, 1).rows
        return self._cells(entry, rows[0], globals_only=True) if rows else {}

    def _close_account(self, table: Table, walk: Walk[Any]) -> None:
        self._notes.note_walk(table, walk)
        read = len(walk.seen)
        self._accounts[table.id] = Account(
            expected=read - walk.gone + walk.missing,
            with_data=read,
            lost=walk.missing,
            unlisted=walk.gone,
            finished=True,
        )

    # --- what the clinic should know -----------------------------------------------------------

    def _note_order(self, entry: T) -> None:
        self._notes.warn(
            "out-of-order",
            f'The server sends the records of "{entry.table.name}" in another order than '
            "that of their ids.",
            table_id=entry.table.id,
        )

    def _note_rounded(self, entry: T, found: Field) -> None:
        self._notes.warn(
            "numbers-rounded",
            f'Numbers in "{found.name}" of table "{entry.table.name}" have more digits than '
            f"{self.interface} sends exactly; their last digits may be wrong. The file itself "
            "has them.",
            about=(entry.table.id, found.id),
            table_id=entry.table.id,
            field_id=found.id,
        )

    def _note_missing(self, entry: T, place: Place, status: int) -> None:
        self._notes.warn(
            "container-missing",
            f'The server has no file for record {place[0]} of "{entry.table.name}" '
            f"(HTTP {status}).",
            about=(entry.table.id, place),
            table_id=entry.table.id,
            record_id=place[0],
            field_id=place[1],
        )
