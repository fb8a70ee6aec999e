"""A job of several files: put together one after another, zips looked into, read as one source."""

from __future__ import annotations

import io
import shutil
from typing import TYPE_CHECKING

from django.db import transaction

from onboarding.filemaker.bundle.archive import Archive
from onboarding.filemaker.bundle.errors import NothingInZipError, ZipInZipError
from onboarding.filemaker.bundle.folder import FolderEntry
from onboarding.filemaker.exports.detect import judge_start
from onboarding.filemaker.fmp.errors import FileMakerFileError, ZipArchiveError
from onboarding.filemaker.fmp.header import SECTOR_SIZE, read_header
from onboarding.imports.models import ImportRun, ImportSource, SourceFile
from onboarding.imports.upload import (
    RefusedFileError,
    check_size,
    judge_upload,
    key_of,
    refuse,
)
from onboarding.imports.upload_parts import SealedReader, first_bytes, folder_of
from tenants.ids import uuid7
from ui.uploads import UploadError, shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onboarding.filemaker.bundle.archive import Member
    from tenants.scope import Actor

MAX_FILES = 200
DATABASES = (".fmp12", ".fp7")
EXPORTS = (".xml", ".xlsx", ".csv", ".mer", ".tab", ".tsv", ".txt")
Kind, Role = ImportSource.Kind, SourceFile.Role
State = ImportRun.State
_BEFORE_LOADING = frozenset({State.UPLOADED, State.PROFILED, State.MAPPED, State.CHECKED})


class JobClosedError(UploadError):
    """Nothing can be added to this import any more; the text says what to do instead."""

    status = 409


# ── what may still be done ────────────────────────────────────────────────────────────────────────


def may_change(source: ImportSource) -> bool:
    """True while data files can come and go: nothing of it was loaded and nothing is at work."""
    if source.kind not in {Kind.FILE, Kind.BUNDLE} or source.state in {
        ImportSource.State.DISCARDED,
        ImportSource.State.REFUSED,
    }:
        return False
    runs = list(source.runs.all()[:2])
    return len(runs) < 2 and all(_is_before_loading(run) for run in runs)  # noqa: PLR2004


def may_add_containers(source: ImportSource) -> bool:
    """True where files kept outside the database can still complete what was loaded."""
    if may_change(source):
        return True
    return (
        source.kind in {Kind.FILE, Kind.BUNDLE}
        and source.state == ImportSource.State.STAGED
        and not source.runs.filter(state__in=ImportRun.WORKING).exists()
    )


def _is_before_loading(run: ImportRun) -> bool:
    return run.state in _BEFORE_LOADING or (
        run.state == State.FAILED and run.failed_in in {State.READING, State.CHECKING}
    )


# ── putting it together ───────────────────────────────────────────────────────────────────────────


def open_job(*, actor: Actor) -> ImportSource:
    """Begin a job without files; it is a source that is still being received."""
    return ImportSource.objects.create(
        kind=Kind.BUNDLE, file_name="Several files", storage_key="", size=0, uploaded_by=actor.label
    )


@transaction.atomic
def add_file(source: ImportSource, *, name: str, size: int) -> SourceFile:
    """Open an upload of one more file of the job; raises an UploadError where it may not come."""
    source = ImportSource.objects.select_for_update().get(pk=source.pk)
    if not may_add_containers(source):
        raise JobClosedError(
            "Nothing can be added to this import any more. Begin a new one with all files: what is "
            "already here is updated, never doubled."
        )
    check_size(size)
    if source.files.count() >= MAX_FILES:
        raise JobClosedError(f"An import holds up to {MAX_FILES} files. Put the rest into a zip.")
    as_bundle(source)
    file_id = uuid7()
    return SourceFile.objects.create(
        id=file_id,
        source=source,
        position=_next_position(source),
        file_name=shown_name(name),
        storage_key=key_of(file_id),
        size=size,
    )


def as_bundle(source: ImportSource) -> ImportSource:
    """Make the job of one file one that others can join. Its tables keep their ids."""
    if source.kind == Kind.BUNDLE:
        return source
    SourceFile.objects.create(
        source=source,
        position=0,
        slot=0 if source.state == ImportSource.State.STAGED else None,
        file_name=source.file_name,
        storage_key=source.storage_key,
        size=source.size,
        received=source.received,
        sha256=source.sha256,
        state=SourceFile.State.RECEIVED,
        choices=source.choices,
    )
    source.kind, source.storage_key, source.choices = Kind.BUNDLE, "", {}
    source.save(update_fields=["kind", "storage_key", "choices"])
    return source


def settle_file(file: SourceFile) -> None:
    """Take note of a file that has arrived: a zip's members become files of the job.

    Raises RefusedFileError for a zip that is not unpacked; the file is deleted and remembered as
    refused by then, so the caller must not roll back on it.
    """
    try:
        if judge_upload(first_bytes(file), file.size) == "zip":
            _look_into(file)
        elif not may_change(file.source):
            raise _OnlyContainersError
    except FileMakerFileError as error:
        refuse(file, error)
        raise RefusedFileError(error) from error
    _forget_reading(file.source, data=file.role != Role.CONTAINERS)
    _renamed(file.source)


def open_zip(source: ImportSource) -> ImportSource:
    """Make a job of a zip that came alone; raises RefusedFileError as `settle_file` does."""
    file = as_bundle(source).files.get()
    source.state = ImportSource.State.RECEIVING
    source.save(update_fields=["state"])
    try:
        settle_file(file)
    except RefusedFileError:
        file.refresh_from_db()
        source.state, source.problem = ImportSource.State.REFUSED, file.problem
        source.save(update_fields=["state", "problem"])
        raise
    return file.source


class _OnlyContainersError(FileMakerFileError):
    code = "too-late-for-data"
    message = (
        "This import was loaded already, so only files kept outside the database can be added."
    )
    remedy = "Begin a new import for another database: what is already here is never doubled."


def _look_into(file: SourceFile) -> None:
    with SealedReader(file) as opened:
        archive = Archive(io.BufferedReader(opened))
        data = _data_members(archive)
        others = [member for member in archive.members if member not in data]
        if data and not may_change(file.source):
            raise _OnlyContainersError
        if not data and all(member.name.lower().endswith(".zip") for member in others):
            raise ZipInZipError(f"The zip holds another zip: “{others[0].name}”.")
        rows = [_row_of(file, archive, member, n) for n, member in enumerate(data)]
    if file.source.files.count() + len(rows) > MAX_FILES:
        raise NothingInZipError(f"The zip holds {len(rows)} data files, more than an import takes.")
    file.role = Role.CONTAINERS if others else Role.ARCHIVE
    file.listing = [[member.path, member.size, member.info.CRC] for member in others]
    file.save(update_fields=["role", "listing"])
    SourceFile.objects.bulk_create(rows)


def _data_members(archive: Archive) -> list[Member]:
    """Say which members are data: databases; exports only where there is nothing else in the zip.

    A folder of documents holds spreadsheets and texts too, and those are patients' files.
    """
    databases = [m for m in archive.members if m.name.lower().endswith(DATABASES)]
    if databases:
        return databases
    exports = [m for m in archive.members if m.name.lower().endswith(EXPORTS)]
    return exports if len(exports) == len(archive.members) else []


def _row_of(file: SourceFile, archive: Archive, member: Member, number: int) -> SourceFile:
    row = SourceFile(
        source=file.source,
        archive=file,
        member=member.path,
        origin=file.file_name,
        position=_next_position(file.source) + number,
        file_name=shown_name(member.name),
        size=member.size,
        received=member.size,
        state=SourceFile.State.RECEIVED,
    )
    try:
        judge = read_header if member.name.lower().endswith(DATABASES) else judge_start
        judge(archive.start(member, SECTOR_SIZE), member.size)
    except ZipArchiveError:
        row.state = SourceFile.State.REFUSED
        row.problem = "This is a zip inside the zip. Unpack it and add what is in it."
    except FileMakerFileError as error:
        row.state, row.problem = SourceFile.State.REFUSED, f"{error.message} {error.remedy}"
    return row


@transaction.atomic
def remove_file(file: SourceFile) -> None:
    """Take a file out of the job, a zip with all that is in it; what was read is read anew."""
    source = ImportSource.objects.select_for_update().get(pk=file.source_id)
    is_data = file.role != Role.CONTAINERS or file.members.exists()
    allowed = may_change(source) if is_data else may_add_containers(source)
    if not allowed and file.state == SourceFile.State.RECEIVED:
        raise JobClosedError(
            "What was loaded from this file is here: it can only be deleted whole."
        )
    if file.storage_key:
        folder = folder_of(file)
        transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))
    file.delete()
    if is_data:
        _forget_reading(source, data=True)
    _renamed(source)


def _forget_reading(source: ImportSource, *, data: bool) -> None:
    """What was read of the job without (or with) the file no longer holds."""
    if not data or not source.runs.exists():
        return
    source.records.all().delete()
    source.state = ImportSource.State.RECEIVED
    source.structure, source.profile, source.warnings, source.fingerprint = {}, {}, [], ""
    source.sha256 = ""
    source.save()
    source.runs.update(state=State.UPLOADED, mapping=None, dry_report={}, failed_in="", error="")


def close_job(source: ImportSource) -> ImportSource:
    """Say that the job is complete, so that it can be read; raises JobClosedError where it is not."""
    if not data_files(source):
        raise JobClosedError("Add the database file (or an export of it) first.")
    if source.files.filter(state=SourceFile.State.RECEIVING).exists():
        raise JobClosedError("A file is still on its way. Wait for it, or remove it.")
    if source.state == ImportSource.State.RECEIVING:
        source.state = ImportSource.State.RECEIVED
        source.save(update_fields=["state"])
    return source


def _next_position(source: ImportSource) -> int:
    last = source.files.order_by("-position").values_list("position", flat=True).first()
    return 0 if last is None else last + 1


def _renamed(source: ImportSource) -> None:
    """Call the job after its first file, and count the others."""
    files = data_files(source) or list(source.files.exclude(state=SourceFile.State.REFUSED))
    if files:
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        source.file_name = f"{files[0].file_name[-200:]}{more}"
    sizes = source.files.filter(archive=None).exclude(state=SourceFile.State.REFUSED)
    source.size = source.received = sum(sizes.values_list("size", flat=True))
    source.save(update_fields=["file_name", "size", "received"])


# ── questions ─────────────────────────────────────────────────────────────────────────────────────


def data_files(source: ImportSource) -> list[SourceFile]:
    """Answer the files whose records are read, in order."""
    return list(
        source.files.filter(role=Role.DATA, state=SourceFile.State.RECEIVED).select_related(
            "archive"
        )
    )


def container_zips(source: ImportSource) -> list[SourceFile]:
    """Answer the zips of files kept outside the database, in order."""
    if source.kind != Kind.BUNDLE:
        return []
    return list(source.files.filter(role=Role.CONTAINERS, state=SourceFile.State.RECEIVED))


def folder_entries(zips: list[SourceFile]) -> Iterator[FolderEntry]:
    for file in zips:
        for path, size, crc in file.listing:
            yield FolderEntry(str(file.pk), path, size, crc)
