"""The one place that knows how each kind of source is opened for reading."""

from __future__ import annotations

import hashlib
import io
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from onboarding.filemaker.bundle.archive import Archive
from onboarding.filemaker.bundle.errors import DamagedArchiveError
from onboarding.filemaker.bundle.source import BundledFile, BundleSource, named_error
from onboarding.filemaker.exports.choices import Choices
from onboarding.filemaker.exports.detect import open_source
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.imports.bundle import as_bundle, data_files
from onboarding.imports.connection.reading import open_live_source
from onboarding.imports.identity import OpenFile, settle_slots
from onboarding.imports.models import ImportSource
from onboarding.imports.upload_parts import SealedReader, plain_file, unpacked
from tenants.scope import NOBODY, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from onboarding.filemaker.exports.detect import OpenSource
    from onboarding.imports.models import SourceFile
    from onboarding.imports.upload_parts import PlainFile
    from tenants.models import Tenant
    from tenants.scope import Actor

Kind = ImportSource.Kind


class SameFileError(FileMakerFileError):
    code = "same-file"
    remedy = "Remove one of them from the import."

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"“{one}” and “{other}” are the same file.", files=[one, other])


class NoDataFilesError(FileMakerFileError):
    code = "no-data-files"
    message = "There is no database file in this import."
    remedy = "Add the .fmp12 file, or an export of it."


@contextmanager
def open_import_source(
    source: ImportSource, *, tenant: Tenant, actor: Actor = NOBODY
) -> Iterator[OpenSource]:
    """Open what the import reads, for as long as the block runs; call it outside every scope.

    Raises a FileMakerFileError (of a server a LiveSourceError) where that cannot be. A file's key,
    checksum and slots are settled by then and saved.
    """
    with _OPENERS[source.kind](source, tenant, actor) as opened:
        yield opened


@contextmanager
def _open_file(source: ImportSource, tenant: Tenant, actor: Actor) -> Iterator[OpenSource]:
    with plain_file(source, tenant=tenant, actor=actor) as plain:
        choices = Choices.from_json(source.choices)
        with open_source(plain.path, name=source.file_name, choices=choices) as opened:
            with tenant_scope(tenant, actor=actor):
                source.sha256 = plain.sha256
                source.save(update_fields=["sha256"])
                slot = settle_slots(source, [OpenFile(source.file_name, opened)])[0]
                if slot:  # known as one of several: its tables are those it was then
                    as_bundle(source).files.update(slot=slot)
            if slot:
                yield BundleSource([BundledFile(slot, source.file_name, opened)])
            else:
                yield opened


@contextmanager
def _open_bundle(source: ImportSource, tenant: Tenant, actor: Actor) -> Iterator[OpenSource]:
    with tenant_scope(tenant, actor=actor):
        files = data_files(source)
    if not files:
        raise NoDataFilesError
    with ExitStack() as stack:
        opened: list[OpenSource] = []
        sums: dict[str, str] = {}
        for file in files:
            try:
                plain = stack.enter_context(open_data_file(file, tenant=tenant, actor=actor))
                choices = Choices.from_json(file.choices)
                found = open_source(plain.path, name=file.file_name, choices=choices)
            except FileMakerFileError as error:
                raise named_error(error, file.file_name) from error
            stack.callback(found.close)
            opened.append(found)
            if plain.sha256 in sums:
                raise SameFileError(sums[plain.sha256], file.file_name)
            sums[plain.sha256] = file.file_name
            file.sha256 = plain.sha256
        with tenant_scope(tenant, actor=actor):
            _settle(source, files, opened)
        yield BundleSource(
            [
                BundledFile(file.slot or 0, file.file_name, found)
                for file, found in zip(files, opened, strict=True)
            ]
        )


def _settle(source: ImportSource, files: list[SourceFile], opened: list[OpenSource]) -> None:
    """Give every file its slot and the job its checksum; slots once given stay."""
    if any(file.slot is None for file in files):
        slots = settle_slots(
            source, [OpenFile(f.file_name, o, f.slot) for f, o in zip(files, opened, strict=True)]
        )
        source.files.filter(pk__in=[file.pk for file in files]).update(slot=None)
        for file, slot in zip(files, slots, strict=True):
            file.slot = slot
    for file in files:
        file.save(update_fields=["slot", "sha256"])
    whole = "\n".join(sorted(file.sha256 for file in files))
    source.sha256 = hashlib.sha256(whole.encode()).hexdigest()
    source.save(update_fields=["sha256", "key"])


@contextmanager
def open_data_file(
    file: SourceFile, *, tenant: Tenant, actor: Actor = NOBODY
) -> Iterator[PlainFile]:
    """Open one data file of a job in plain text, wherever it came in."""
    if file.archive is None:
        with plain_file(file, tenant=tenant, actor=actor) as plain:
            yield plain
        return
    with open_archive(file.archive, tenant=tenant, actor=actor) as archive:
        member = next((m for m in archive.members if m.path == file.member), None)
        if member is None:
            raise DamagedArchiveError
        with unpacked(archive.chunks(member), member.size, tenant=tenant, actor=actor) as plain:
            yield plain


@contextmanager
def open_archive(
    file: SourceFile, *, tenant: Tenant | None = None, actor: Actor = NOBODY
) -> Iterator[Archive]:
    """Open an uploaded zip to read members of it, without a plain copy of the whole."""
    with SealedReader(file, tenant=tenant, actor=actor) as reader:
        yield Archive(io.BufferedReader(reader))


_OPENERS: dict[str, Callable[[ImportSource, Tenant, Actor], AbstractContextManager[OpenSource]]] = {
    Kind.FILE: _open_file,
    Kind.DATA_API: open_live_source,
    Kind.ODATA: open_live_source,
    Kind.BUNDLE: _open_bundle,
}
