"""The verbs of backups: write one, read it back, let old ones go."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from onboarding.backups import dumping, writing
from onboarding.backups.archive import archive_into, members_of
from onboarding.backups.errors import BackupError, CannotOpenError
from onboarding.backups.instant import one_instant
from onboarding.backups.models import Backup
from onboarding.backups.piping import pushed_into
from onboarding.backups.places import digest_of, place, written_to
from onboarding.backups.rules import Policy, to_delete
from onboarding.backups.sealing import can_be_opened_here, opened, sealer
from onboarding.backups.selectors import whose
from tenants.models import Tenant
from tenants.scope import public_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterator, Sequence

    from pyrage.x25519 import Identity, Recipient

    from onboarding.backups.archive import ArchiveWriter
    from onboarding.backups.piping import Reader
    from onboarding.backups.places import Measured, Place

    Say = Callable[[int, int], None]

OWNER = "owner"
State, Scope = Backup.State, Backup.Scope


def begin_backup(tenant: Tenant | None, *, actor: str) -> Backup:
    """Write down that a backup is begun, of a clinic or (None) of the platform."""
    now = timezone.now()
    backup = Backup(
        tenant_id=tenant.pk if tenant else None,
        scope=Scope.CLINIC if tenant else Scope.PLATFORM,
        subdomain=tenant.subdomain if tenant else "",
        asked_by=actor,
        began_at=now,
    )
    folder = f"clinics/{tenant.schema_name}" if tenant else "platform"
    backup.name = f"{folder}/{now:%Y-%m-%dT%H%M%SZ}-{backup.pk.hex[-12:]}.tar.gz"
    with public_scope(using=OWNER):
        backup.save(force_insert=True)
    return backup


def write_backup(
    backup: Backup,
    *,
    with_files: bool = True,
    method: str = "",
    say: Say = lambda _done, _total: None,
) -> Backup:
    """Write a backup that was begun; outside every scope. Run again it begins anew.

    Raises BackupError, with the reason in the row and nothing in the store.
    """
    began, store = time.monotonic(), place()
    try:
        sealing = sealer()
        backup.place, backup.sealed_for = store.address, sealing.sealed_for
        backup.name = backup.name.removesuffix(sealing.ending) + sealing.ending
        with one_instant(_cluster_of(backup)) as instant:
            chosen = method or (dumping.method_for(instant) if backup.tenant_id is None else "copy")
            with sealed_archive(store, backup.name, at=instant.as_of.timestamp()) as (archive, out):
                if backup.tenant_id is None:
                    written = writing.write_platform(
                        archive, instant, method=chosen, with_files=with_files, say=say
                    )
                else:
                    written = writing.write_clinic(
                        archive, instant, backup.tenant_id, backup.subdomain,
                        with_files=with_files, say=say,
                    )  # fmt: skip
            backup.as_of = instant.as_of
    except BaseException as error:
        _fail(backup, error, seconds=time.monotonic() - began)
        raise
    backup.size, backup.sha256 = out.size, out.sha256
    backup.method, backup.heads = written.method, written.heads
    backup.counts, backup.left_out = written.counts, written.left_out[:200]
    backup.state, backup.finished_at = State.DONE, timezone.now()
    backup.seconds = round(time.monotonic() - began, 3)
    with public_scope(using=OWNER):
        backup.save()
        Backup.objects.filter(within=backup).delete()  # of a first try
        if backup.tenant_id is None:
            Backup.objects.bulk_create(_parts(backup, written))
    return backup


def _cluster_of(backup: Backup) -> str:
    with public_scope(using=OWNER):
        found = Tenant.objects.filter(pk=backup.tenant_id).values_list("cluster", flat=True).first()
    return found or ""


@contextmanager
def sealed_archive(
    store: Place, name: str, *, at: float, also_for: Sequence[Recipient] = ()
) -> Iterator[tuple[ArchiveWriter, Measured]]:
    """Write an archive, sealed while it is written, into one object of the store."""
    sealing = sealer(also_for=also_for)
    with (
        written_to(store, name) as out,
        pushed_into(lambda source: sealing.seal(source, out)) as pipe,
        archive_into(pipe, at=at) as archive,
    ):
        yield archive, out


def _parts(backup: Backup, written: writing.Written) -> Iterator[Backup]:
    """Answer a row for each clinic in a backup of the platform: its owner may see that one."""
    for pk, part in written.clinics.items():
        yield Backup(
            tenant_id=pk, within=backup, scope=Scope.CLINIC, subdomain=written.names[pk],
            state=State.DONE, method=backup.method, place=backup.place, name=backup.name,
            sealed_for=backup.sealed_for, counts=part.counts, left_out=part.left_out,
            began_at=backup.began_at, as_of=backup.as_of, finished_at=backup.finished_at,
            seconds=backup.seconds,
        )  # fmt: skip


def _fail(backup: Backup, error: BaseException, *, seconds: float) -> None:
    words = str(error) if isinstance(error, BackupError) else type(error).__name__
    with public_scope(using=OWNER):
        Backup.objects.filter(pk=backup.pk).update(
            state=State.FAILED, problem=words[:500], finished_at=timezone.now(),
            seconds=round(seconds, 3), place=backup.place, sealed_for=backup.sealed_for,
        )  # fmt: skip


# ── reading back ─────────────────────────────────────────────────────────────────────────────────


def verify_backup(backup: Backup, *, identities: Sequence[Identity] = ()) -> dict[str, Any]:
    """Read a backup back and compare it with its row; outside every scope. Answers what was read.

    Size and SHA-256 always; where it can be opened, here or with the private keys given, its inside as
    well: every piece is unpacked, every row and file counted, every file's hash computed anew. Raises
    BackupError for one that is not as it was written, and says so in its row.
    """
    whole = backup.within or backup
    try:
        found = _read_back(whole, identities)
    except BackupError as error:
        _set_verified(whole, is_verified=False, problem=str(error))
        raise
    _set_verified(whole, is_verified=True, problem="")
    return found


def _read_back(backup: Backup, identities: Sequence[Identity]) -> dict[str, Any]:
    store = place()
    if backup.place != store.address:
        raise BackupError(f"It lies in {backup.place}; NEXUS_BACKUP_URL names {store.address}.")
    with store.open(backup.name) as source:
        digest, size = digest_of(source)
    if (digest, size) != (backup.sha256, backup.size):
        raise CannotOpenError(
            f"{backup.name} has {size} bytes with SHA-256 {digest[:12]}…; it was written with "
            f"{backup.size} and {backup.sha256[:12]}…"
        )
    found: dict[str, Any] = {"bytes": size, "sha256": digest, "opened": False}
    if identities or can_be_opened_here():
        with store.open(backup.name) as source, opened(source, identities=identities) as inside:
            found |= {"opened": True, **read_through(inside)}
        if found["counts"] != backup.counts:
            raise CannotOpenError(
                f"It holds {found['counts']}; it was written with {backup.counts}."
            )
    return found


def _set_verified(backup: Backup, *, is_verified: bool, problem: str) -> None:
    backup.is_verified, backup.verified_at = is_verified, timezone.now()
    with public_scope(using=OWNER):
        for rows in (
            Backup.objects.filter(pk=backup.pk), Backup.objects.filter(within_id=backup.pk)
        ):  # fmt: skip
            rows.update(
                is_verified=is_verified, verified_at=backup.verified_at, problem=problem[:500]
            )


def read_through(source: Reader) -> dict[str, Any]:
    """Read the whole inside of a backup; answers its manifest's counts if they are what is there.

    Raises CannotOpenError where something is missing, changed or cut.
    """
    rows: dict[str, int] = {}
    files: dict[str, tuple[int, str]] = {}
    manifest: dict[str, Any] | None = None
    for name, content in members_of(source):
        if name == "manifest.json":
            manifest = json.loads(content.read())
        elif "/files/" in name:
            found, size = hashlib.sha256(), 0
            while block := content.read(1 << 20):
                found.update(block)
                size += len(block)
            files[name] = (size, found.hexdigest())
        elif "/tables/" in name:
            table = name.rpartition("/")[0]
            count = 0
            while block := content.read(1 << 20):
                count += block.count(b"\n")
            rows[table] = rows.get(table, 0) + count
    if manifest is None:
        raise CannotOpenError("The backup has no manifest: it is not whole.")
    _compare_with_manifest(manifest, rows, files)
    return {"counts": manifest["counts"], "left_out": manifest["left_out"]}


def _compare_with_manifest(
    manifest: dict[str, Any], rows: dict[str, int], files: dict[str, tuple[int, str]]
) -> None:
    for pk, clinic in manifest["clinics"].items():
        for table, entry in clinic["tables"].items():
            if (
                "checksum" in entry
                and rows.get(f"clinics/c_{pk}/tables/{table}", 0) != entry["rows"]
            ):
                raise CannotOpenError(f"c_{pk}.{table} has not the rows it was written with.")
        for name, entry in clinic["files"].items():
            if files.get(f"clinics/c_{pk}/files/{name}") != (entry["size"], entry["sha256"]):
                raise CannotOpenError(f"A file of c_{pk} is not as it was written.")


# ── letting go ───────────────────────────────────────────────────────────────────────────────────


def delete_old_backups(tenant_id: int | None) -> int:
    """Delete what the policy lets go of one clinic's (or the platform's) own backups; how many.

    The last good one stays whatever the policy says, and so does everything while the store's last
    good one cannot be seen there. A deleted clinic's last one goes when the longest time is over.
    """
    store = place()
    with public_scope(using=OWNER):
        rows = list(
            Backup.objects.filter(
                whose(tenant_id), within=None, state=State.DONE, place=store.address
            )
        )
        gone = Tenant.objects.filter(pk=tenant_id, state=Tenant.State.DELETED).first()
    policy = Policy(*settings.BACKUP_KEEP)
    if gone and gone.deleted_at and gone.deleted_at + policy.longest < timezone.now():
        return _delete(store, rows)  # of a clinic that is no more, the last one too
    newest = max((row for row in rows if row.is_good), key=lambda row: row.began_at, default=None)
    if newest is None or store.size(newest.name) != newest.size:
        return 0
    return _delete(store, to_delete(rows, policy))


def tidy_all() -> int:
    """Let old backups of every clinic and of the platform go; answers how many."""
    with public_scope(using=OWNER):
        own = Backup.objects.filter(within=None, state=State.DONE)
        whose_rows = set(own.values_list("tenant_id", flat=True))
    return sum(delete_old_backups(tenant_id) for tenant_id in whose_rows)


def _delete(store: Place, doomed: Sequence[Backup]) -> int:
    for backup in doomed:
        store.delete(backup.name)
        with public_scope(using=OWNER):
            for ended in (
                Backup.objects.filter(pk=backup.pk), Backup.objects.filter(within_id=backup.pk)
            ):  # fmt: skip
                ended.update(state=State.DELETED, deleted_at=timezone.now())
    return len(doomed)


def backup_named(reference: uuid.UUID | str) -> Backup:
    """Find a backup by its id or the end of it; raises BackupError."""
    wanted = str(reference).replace("-", "").lower()
    with public_scope(using=OWNER):
        found = [row for row in Backup.objects.filter(within=None) if row.pk.hex.endswith(wanted)]
    if len(found) != 1:
        raise BackupError(f"There is no one backup “{reference}”; `nexus backup list` names them.")
    return found[0]
