"""A `Source` over several: one set of tables, relationships and value lists, across the files."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from onboarding.filemaker.bundle.ids import SPAN, ids_of
from onboarding.filemaker.bundle.names import folded, identity_of, names_in, stem_of
from onboarding.filemaker.sources import SourceWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from onboarding.filemaker.exports.detect import OpenSource
    from onboarding.filemaker.fmp.errors import FileMakerFileError
    from onboarding.filemaker.fmp.records import Account
    from onboarding.filemaker.sources import (
        Cells,
        ContainerObject,
        ExternalOccurrence,
        ExternalSource,
        Field,
        Locale,
        Record,
        Relationship,
        Table,
        ValueList,
    )

_TABLE_FACTS = ("table_id",)


@dataclass(frozen=True)
class BundledFile:
    """One file of the job, open, in its slot; `name` is what the person called it."""

    slot: int
    name: str
    source: OpenSource


@dataclass(frozen=True)
class MissingFile:
    """A file that others refer to and that was not given. `occurrences` counts the uses of its tables."""

    name: str
    named_by: tuple[str, ...]
    occurrences: int


class BundleSource:
    """Reads several open files as one. Closing it closes them."""

    def __init__(self, files: Sequence[BundledFile]) -> None:
        self._files = sorted(files, key=lambda file: file.slot)
        self._ids = [
            ids_of(file.slot, [(t.id, t.name) for t in file.source.tables()])
            for file in self._files
        ]
        self._homes: dict[int, tuple[BundledFile, int]] = {}
        for file, ids in zip(self._files, self._ids, strict=True):
            for own, number in ids.items():
                self._homes[number] = (file, own)
        self._by_identity = {identity_of(file.name): file for file in reversed(self._files)}
        self._by_name = {folded(stem_of(file.name)): file for file in reversed(self._files)}

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
        with ExitStack() as stack:
            for file in self._files:
                stack.callback(file.source.close)

    # ── what is in them ───────────────────────────────────────────────────────────────────────────

    def tables(self) -> Sequence[Table]:
        names = Counter(
            folded(table.name) for file in self._files for table in file.source.tables()
        )
        found = []
        for file, ids in zip(self._files, self._ids, strict=True):
            for table in file.source.tables():
                clear = names[folded(table.name)] == 1
                name = table.name if clear else f"{stem_of(file.name)}::{table.name}"
                found.append(replace(table, id=ids[table.id], name=name))
        return sorted(found, key=lambda table: table.id)

    def fields(self, table_id: int) -> Sequence[Field]:
        file, own = self._home(table_id)
        return file.source.fields(own)

    def records(self, table_id: int) -> Iterator[Record]:
        file, own = self._home(table_id)
        return file.source.records(own)

    def account(self, table_id: int) -> Account | None:
        file, own = self._home(table_id)
        return file.source.account(own)

    def global_values(self, table_id: int) -> Cells:
        file, own = self._home(table_id)
        return file.source.global_values(own)

    def containers(self, table_id: int) -> Iterator[ContainerObject]:
        file, own = self._home(table_id)
        return file.source.containers(own)

    def container(self, table_id: int, object_id: int) -> ContainerObject | None:
        file, own = self._home(table_id)
        return file.source.container(own, object_id)

    def file_of(self, table_id: int) -> str:
        """Return the name of the file a table stands in."""
        return self._home(table_id)[0].name

    def _home(self, table_id: int) -> tuple[BundledFile, int]:
        try:
            return self._homes[table_id]
        except KeyError:
            raise LookupError(f"There is no table {table_id}.") from None

    # ── how they refer to each other ──────────────────────────────────────────────────────────────

    def relationships(self) -> Sequence[Relationship]:
        """Return the relationships of all files; an occurrence of another file leads to its table."""
        found = []
        for file, ids in zip(self._files, self._ids, strict=True):
            elsewhere = self._elsewhere(file)
            for relationship in file.source.relationships():
                left, right = relationship.left_table_id, relationship.right_table_id
                found.append(
                    replace(
                        relationship,
                        id=file.slot * SPAN + relationship.id,
                        left_table_id=elsewhere.get(relationship.left_occurrence)
                        if left is None
                        else ids.get(left),
                        right_table_id=elsewhere.get(relationship.right_occurrence)
                        if right is None
                        else ids.get(right),
                    )
                )
        return found

    def _elsewhere(self, file: BundledFile) -> Mapping[str, int]:
        """Return occurrence → composed table id of what a file shows of the others."""
        targets = {s.id: self._given(s) for s in file.source.external_sources()}
        found = {}
        for occurrence in _external_occurrences(file.source):
            target = targets.get(occurrence.source_id)
            if target is not None:
                number = self._ids[self._files.index(target)].get(occurrence.table_id)
                if number is not None:
                    found[occurrence.name] = number
        return found

    def _given(self, source: ExternalSource) -> BundledFile | None:
        """Return the file an external data source means: by its very name, else as a copy of it."""
        names = names_in(source)
        for name in names:
            if (file := self._by_name.get(folded(name))) is not None:
                return file
        for name in names:
            if (file := self._by_identity.get(identity_of(name))) is not None:
                return file
        return None

    def missing_files(self) -> list[MissingFile]:
        """Return the files that are referred to and not here, those whose tables are used first."""
        named: dict[str, tuple[str, list[str], int]] = {}
        for file in self._files:
            uses = Counter(o.source_id for o in _external_occurrences(file.source))
            for source in file.source.external_sources():
                names = names_in(source)
                if not names or self._given(source) is not None:
                    continue
                shown, by, count = named.get(folded(names[0]), (names[0], [], 0))
                by = by if file.name in by else [*by, file.name]
                named[folded(names[0])] = (shown, by, count + uses[source.id])
        missing = [MissingFile(name, tuple(by), count) for name, by, count in named.values()]
        return sorted(missing, key=lambda file: (-file.occurrences, folded(file.name)))

    def external_sources(self) -> Sequence[ExternalSource]:
        """Return only those that were not given: what is here is no longer outside."""
        return [
            replace(source, id=file.slot * SPAN + source.id)
            for file in self._files
            for source in file.source.external_sources()
            if self._given(source) is None
        ]

    def value_lists(self) -> Sequence[ValueList]:
        found = []
        for file, ids in zip(self._files, self._ids, strict=True):
            for value_list in file.source.value_lists():
                own = value_list.table_id
                found.append(
                    replace(
                        value_list,
                        id=file.slot * SPAN + value_list.id,
                        table_id=None if own is None else ids.get(own),
                    )
                )
        return found

    # ── how they are written ──────────────────────────────────────────────────────────────────────

    def locale(self) -> Locale | None:
        """Return the locale of the file with the most records that has one."""
        weighed = [
            (sum(table.record_count for table in file.source.tables()), -file.slot, locale)
            for file in self._files
            if (locale := file.source.locale()) is not None
        ]
        return max(weighed, key=lambda entry: entry[:2])[2] if weighed else None

    @property
    def warnings(self) -> Iterable[SourceWarning]:
        found = []
        for file, ids in zip(self._files, self._ids, strict=True):
            for warning in file.source.warnings:
                facts = {**warning.facts, "file": file.name}
                for name in _TABLE_FACTS:
                    if facts.get(name) in ids:
                        facts[name] = ids[facts[name]]
                found.append(SourceWarning(warning.code, f"{file.name}: {warning.message}", facts))
        return [*found, *self._missing_warnings(), *self._locale_warnings()]

    def _missing_warnings(self) -> list[SourceWarning]:
        return [
            SourceWarning(
                "file-missing",
                f"{' and '.join(missing.named_by)} "
                f"{'refers' if len(missing.named_by) == 1 else 'refer'} to “{missing.name}”, which "
                "is not part of this import. Add it, or go on without what it holds.",
                {"name": missing.name},
            )
            for missing in self.missing_files()
            if missing.occurrences
        ]

    def _locale_warnings(self) -> list[SourceWarning]:
        chosen = self.locale()
        others = [
            file.name
            for file in self._files
            if (locale := file.source.locale()) is not None
            and chosen is not None
            and (locale.date_order, locale.decimal_separator)
            != (chosen.date_order, chosen.decimal_separator)
        ]
        if not others:
            return []
        return [
            SourceWarning(
                "files-differ",
                f"{', '.join(others)} {'writes' if len(others) == 1 else 'write'} dates or numbers "
                "in another way than the other files. Check the examples of their tables.",
                {"files": others},
            )
        ]


def _external_occurrences(source: OpenSource) -> Sequence[ExternalOccurrence]:
    """Only database files can show tables of others."""
    asked = getattr(source, "external_occurrences", None)
    return asked() if asked is not None else ()


def named_error(error: FileMakerFileError, name: str) -> FileMakerFileError:
    """Answer the error with the name of the file in the job it is about."""
    error.message = f"{name}: {error.message}"
    error.facts = {**error.facts, "file": name}
    return error
