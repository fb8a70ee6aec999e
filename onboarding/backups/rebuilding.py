"""The job "rebuild": a new clinic, with an id and an address of its own, out of a backup.

The backup is one of the clinic, or one of the whole platform that was written table by table. It is read
as a stream, once for the rows and once for the files; from there on it goes as with an archive.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from onboarding.backups import services
from onboarding.backups.archive import members_of
from onboarding.backups.errors import BackupError
from onboarding.backups.models import Backup
from onboarding.backups.places import place
from onboarding.backups.restoring import drop_schema, restore_clinic
from onboarding.backups.sealing import can_be_opened_here, identities_in, opened
from onboarding.restore import building, kinds, settling
from tenants import migrate
from tenants.jobs import JobError, Kind, Step
from tenants.migrate import OWNER
from tenants.scope import entered, public_scope, schema_of, tenant_scope
from tenants.storage import clinic_storage
from tenants.vault import FormerKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onboarding.backups.piping import Reader
    from tenants.jobs import Work

BLOCK = 1 << 20


def _backup(work: Work) -> Backup:
    try:
        return services.backup_named(str(work.params.get("backup", "")))
    except BackupError as error:
        raise JobError(str(error)) from error


@contextmanager
def _inside(work: Work) -> Iterator[Reader]:
    """Open the job's backup; what is wrong with it ends the job in words."""
    name = _backup(work).name
    try:
        with place().open(name) as source, opened(source, identities=_keys(work)) as inside:
            yield inside
    except BackupError as error:
        raise JobError(str(error)) from error


def _keys(work: Work) -> list[Any]:
    """Read the private keys of a command's key file; other askers have none to give."""
    if work.job.asked_from != "command" or not work.params.get("identity"):
        return []
    try:
        return identities_in(Path(str(work.params["identity"])).read_text())
    except OSError as error:
        raise JobError(f"The key file cannot be read: {error.strerror}.") from error


def check(work: Work) -> None:
    """Refuse what cannot be restored before anything is made."""
    kinds.check_address(work)
    backup = _backup(work)
    if not backup.is_good:
        raise JobError(f"That backup cannot be used: {backup.problem or backup.state}")
    if backup.place != place().address:
        raise JobError(f"It lies in {backup.place}; NEXUS_BACKUP_URL names {place().address}.")
    if backup.method != "copy":
        raise JobError(
            "That backup of the platform was written by pg_dump and is restored as a whole by psql; "
            "a clinic alone comes out of one of its own, or of one with --method copy."
        )
    if not can_be_opened_here() and not _keys(work):
        raise JobError(
            "That backup is sealed for keys that are not on this server: restore it by command, and "
            "name the file with the private key (--identity)."
        )
    origin = _origin_in(backup, str(work.params.get("of") or ""))
    was = _told(work, origin)["tenants_tenant"][0]
    work.keep(
        origin=origin,
        was={key: was[key] for key in ("name", "time_zone", "accent", "region", "plan", "flags")},
    )


def _origin_in(backup: Backup, subdomain: str) -> int:
    """Answer which clinic of the backup is meant."""
    if backup.tenant_id is not None and subdomain in {"", backup.subdomain}:
        return int(backup.tenant_id)
    with public_scope(using=OWNER):
        parts = Backup.objects.filter(within=backup, subdomain=subdomain)
        found = parts.values_list("tenant_id", flat=True).first()
    if found is None:
        raise JobError(
            f"That backup holds no clinic “{subdomain}”."
            if subdomain
            else "That backup holds all clinics: say of which one (--of SUBDOMAIN)."
        )
    return int(found)


def _told(work: Work, origin: int) -> dict[str, list[dict[str, Any]]]:
    """Answer the clinic's rows of the shared tables, by table."""
    with _inside(work) as inside:
        for name, content in members_of(inside):
            if name == f"clinics/{schema_of(origin)}/clinic.json":
                return dict(json.loads(content.read())["shared"])
    raise JobError("The backup does not tell what that clinic was: it is not whole.")


def reserve(work: Work) -> None:
    if work.job.tenant_id is None:
        kinds.reserve_as(work, work.notes["was"])


def build(work: Work) -> None:
    """Tables and rows, at the backup's migrations, then at this version's."""
    tenant, origin = kinds.unopened(work), int(work.notes["origin"])
    with _inside(work) as inside:
        restored = restore_clinic(inside, origin_id=origin, into_id=tenant.pk)
    if restored.differences:
        drop_schema(tenant.pk)
        wrong = building.listed(restored.differences)
        raise JobError(f"What was restored is not what was saved: {wrong}.")
    with entered(migrate.tenant_scope_of_id(tenant.pk)):
        try:
            migrate.refuse_unknown()
        except migrate.NotMigratedError as error:
            raise JobError(str(error)) from error
        building.name_origin(origin)
        if not migrate.has_everything():
            migrate.run_executor()
    kinds.name_host(tenant)
    work.finish(
        compared={
            "tables": restored.tables, "rows": restored.rows, "sequences": restored.sequences
        }
    )  # fmt: skip


def settle(work: Work) -> None:
    tenant, origin = kinds.unopened(work), int(work.notes["origin"])
    told = _told(work, origin)
    backup = _backup(work)
    former = settling.Former(
        clinic_id=origin,
        address=told["tenants_tenant"][0]["subdomain"],
        source=str(backup.pk),
        written_at=backup.as_of.isoformat() if backup.as_of else "",
        keys=[
            FormerKey(UUID(key["id"]), origin, bytes.fromhex(key["wrapped"][2:]), key["wrapped_by"])
            for key in told["tenants_datakey"]
        ],
        bindings=[
            (row["digest"], row["connection_id"]) for row in told.get("tenants_vendorbinding", ())
        ],
    )
    kinds.settle_as(work, tenant, former)


def put_files(work: Work) -> None:
    """Put every file back where its rows say that it lies."""
    tenant, origin = kinds.unopened(work), int(work.notes["origin"])
    folder = f"clinics/{schema_of(origin)}/files/"
    put: dict[str, tuple[int, str]] = {}
    said: dict[str, Any] = {}
    with _inside(work) as inside:
        for name, content in members_of(inside):
            if name.startswith(folder):
                key = name.removeprefix(folder)
                put[key] = kinds.put_file(tenant, key, iter(partial(content.read, BLOCK), b""))
                work.progress(len(put), 0)
            elif name == "manifest.json":
                said = json.loads(content.read())["clinics"][str(origin)]["files"]
    wrong = {key for key, file in said.items() if put.get(key) != (file["size"], file["sha256"])}
    if wrong or set(put) != set(said):
        with tenant_scope(tenant):
            for key in wrong & set(put):
                clinic_storage().delete(key)
        raise JobError(f"{len(wrong)} files of the backup are not as they were written.")
    work.finish(files=len(put))


REBUILD = Kind(
    "rebuild",
    "Restore from a backup",
    (
        Step("check", "Looking into the backup", check),
        Step("reserve", "Reserving the address", reserve),
        Step("build", "Building the tables and loading the rows", build),
        Step("settle", "Sealing secrets anew", settle),
        Step("files", "Putting files back", put_files),
        Step("prove", "Trying the walls, verifying the trail", kinds.prove),
        Step("open", "Opening the door", kinds.open_door),
    ),
)
