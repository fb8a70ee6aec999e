"""The verbs about moving a clinic's files between the platform and its own bucket."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.permissions import Action, Resource
from audit.services import record
from billing_integrations.storage.models import StorageMove
from billing_integrations.storage.places import FOLDERS, LEFT, TwoPlaces, places
from clinical.practice.rules import require
from connections import selectors
from connections.providers import Trade
from connections.services import set_options
from tenants.scope import current_scope, tenant_scope
from tenants.storage import BLOCK, StorageUnavailableError, work_dir

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from accounts.models import User
    from tenants.models import Tenant
    from tenants.storage import ClinicStorage, Stream

State, Direction = StorageMove.State, StorageMove.Direction
LOST_AFTER = timedelta(minutes=10)
"""Without a sign of life for so long, the worker has died, and another goes on."""
_BEAT_EVERY = 20
_DIGEST_LETTERS = 64


class MoveError(ValueError):
    """Files cannot be moved now; the words are for people."""


@transaction.atomic
def start_move(direction: StorageMove.Direction, *, actor: User, at: datetime) -> StorageMove:
    """Begin to move all files, in the background; new ones go the same way from now on.

    Raises MoveError.
    """
    require(actor, Action.CHANGE, Resource.INTEGRATIONS)
    connection = selectors.in_use(Trade.STORAGE)
    if connection is None:
        raise MoveError("Connect a file store first.")
    if StorageMove.objects.select_for_update().filter(state=State.RUNNING).exists():
        raise MoveError("Files are being moved already.")
    set_options(connection, {LEFT: direction == Direction.OUT}, actor=actor)
    move = StorageMove.objects.create(
        direction=direction, asked_by=actor.name, started_at=at, heartbeat_at=at
    )
    record(
        "change",
        object_type=StorageMove._meta.db_table,
        object_id=str(move.pk),
        payload={"direction": direction.value},
    )
    _go(move)
    return move


@transaction.atomic
def stop_move(move: StorageMove, *, actor: User, at: datetime) -> None:
    """Leave the files where they stand now; `start_move` goes on, or takes them back."""
    require(actor, Action.CHANGE, Resource.INTEGRATIONS)
    StorageMove.objects.filter(pk=move.pk, state=State.RUNNING).update(
        state=State.STOPPED, problem=f"Stopped by {actor.name}.", finished_at=at
    )


def _go(move: StorageMove) -> None:
    from billing_integrations.storage.tasks import move_files

    scope = current_scope()
    start = partial(move_files.delay_for, scope.tenant_id, str(move.pk))
    transaction.on_commit(start, using=scope.alias, robust=True)


# ── what the task does ───────────────────────────────────────────────────────────────────────────


def carry_out(tenant: Tenant, move_id: UUID | str) -> None:
    """Move file by file until nothing is left. Called twice, or again after a crash, it goes on.

    A file goes over whole: it is read back from its new place and compared before it leaves the old.
    """
    with tenant_scope(tenant):
        found = _claimed(move_id)
        if found is None:
            return
        direction = Direction(found.direction)
        names = list(_names(_source(_both(), direction)))
        StorageMove.objects.filter(pk=move_id).update(total=found.moved + len(names))
    try:
        for count, name in enumerate(names):
            with tenant_scope(tenant):
                if count % _BEAT_EVERY == 0 and not _beat(move_id):
                    return
                size = move_one(_both(), name, direction)
                if size is not None:
                    _count(move_id, size)
    except (StorageUnavailableError, FileNotFoundError, MoveError) as error:
        _finish(tenant, move_id, State.STOPPED, f"It stopped at a file: {error}")
        return
    _finish(tenant, move_id, State.DONE, "")


def move_one(both: TwoPlaces, name: str, direction: StorageMove.Direction) -> int | None:
    """Move one file; answers its size, None where it is there no more. Raises MoveError.

    The copy is compared with what was read, and with its name where that is its checksum.
    """
    source, target = _source(both, direction), _target(both, direction)
    path = work_dir("moving") / hashlib.sha256(name.encode()).hexdigest()
    try:
        with path.open("wb") as file:
            path.chmod(0o600)
            read = hashlib.sha256()
            for block in _blocks(source.stream(name)):
                file.write(block)
                read.update(block)
        digest, size = read.hexdigest(), path.stat().st_size
        _check_name(name, digest)
        target.adopt(path, name, media_type=_media_type(name))
    except FileNotFoundError:
        return None
    finally:
        path.unlink(missing_ok=True)
    back = hashlib.sha256()
    for block in _blocks(target.stream(name)):
        back.update(block)
    if back.hexdigest() != digest:
        raise MoveError("a copy is not what was read. The file stays where it was.")
    source.delete(name)
    return size


def resume_lost(*, now: datetime) -> list[UUID]:
    """Answer the moves of the clinic in scope whose worker has died."""
    lost = StorageMove.objects.filter(state=State.RUNNING, heartbeat_at__lt=now - LOST_AFTER)
    return list(lost.values_list("pk", flat=True))


def _both() -> TwoPlaces:
    both = places()
    if both is None:
        raise MoveError("no file store is connected any more.")
    return both


def _source(both: TwoPlaces, direction: StorageMove.Direction) -> ClinicStorage:
    return both.platform if direction == Direction.IN else both.bucket


def _target(both: TwoPlaces, direction: StorageMove.Direction) -> ClinicStorage:
    return both.bucket if direction == Direction.IN else both.platform


def _names(storage: ClinicStorage) -> Iterator[str]:
    for folder in FOLDERS:
        yield from storage.names_below(folder)


def _blocks(stream: Stream) -> Iterator[bytes]:
    try:
        while block := stream.read(BLOCK):
            yield block
    finally:
        stream.close()


def _check_name(name: str, digest: str) -> None:
    stem = name.rpartition("/")[2].partition(".")[0]
    is_preview = ".preview." in name
    if len(stem) == _DIGEST_LETTERS and not is_preview and stem != digest:
        raise MoveError("a file is not what its name says. Restore it from a backup.")


def _media_type(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _claimed(move_id: UUID | str) -> StorageMove | None:
    """Take a running move, unless another worker is at it."""
    now = timezone.now()
    held = StorageMove.objects.select_for_update(skip_locked=True)
    found = held.filter(pk=move_id, state=State.RUNNING).first()
    is_fresh = found is not None and found.total and found.heartbeat_at > now - LOST_AFTER
    if found is None or is_fresh:
        return None
    found.heartbeat_at, found.total = now, max(found.total, 1)
    found.save(update_fields=["heartbeat_at", "total"])
    return found


def _beat(move_id: UUID | str) -> bool:
    running = StorageMove.objects.filter(pk=move_id, state=State.RUNNING)
    return bool(running.update(heartbeat_at=timezone.now()))


def _count(move_id: UUID | str, size: int) -> None:
    from django.db.models import F

    StorageMove.objects.filter(pk=move_id).update(
        moved=F("moved") + 1, moved_bytes=F("moved_bytes") + size
    )


def _finish(tenant: Tenant, move_id: UUID | str, state: StorageMove.State, problem: str) -> None:
    with tenant_scope(tenant):
        StorageMove.objects.filter(pk=move_id, state=State.RUNNING).update(
            state=state, problem=problem, finished_at=timezone.now()
        )
