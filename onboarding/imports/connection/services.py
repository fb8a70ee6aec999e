"""Verbs about a FileMaker connection. The password goes in here and comes out as a secret only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from audit.services import record as record_event
from onboarding.filemaker.live.addresses import ServerAddress
from onboarding.filemaker.live.connection import ConnectionReport, try_connection
from onboarding.filemaker.live.errors import LiveSourceError
from onboarding.filemaker.live.transport import Limits, tls_context
from onboarding.imports import runs
from onboarding.imports.connection import access
from onboarding.imports.connection.models import FileMakerConnection
from onboarding.imports.models import ImportRun, ImportSource
from onboarding.imports.payload import storable_json
from onboarding.imports.runs import ImportRefusedError
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from tenants.models import Tenant
    from tenants.scope import Actor

TRIAL_LIMITS = Limits(
    connect_seconds=4,
    read_seconds=6,
    whole_seconds=8,
    job_seconds=15,
    attempts=1,
    busy_attempts=1,
)
"""Somebody looks at the page meanwhile: one attempt, and an end to it."""
ONE_TRIAL_IN = timedelta(seconds=60)


class ConnectionUnfitError(ImportRefusedError):
    """The connection cannot be saved or used so; the text is for a person."""


@dataclass(frozen=True, slots=True)
class ConnectionDetails:
    """What a person fills in. An empty password keeps the one that is there."""

    kind: str
    host: str
    database: str
    account: str
    password: str = field(default="", repr=False)
    authority_pem: str = ""


@transaction.atomic
def save_connection(
    connection: FileMakerConnection | None, details: ConnectionDetails, *, actor: Actor
) -> FileMakerConnection:
    """Keep a connection, new or changed; it has to be tried anew.

    The stored password is kept for the same server, database and account only: else whoever may
    change the address could have it sent elsewhere. Raises ConnectionUnfitError, and
    LiveSourceError for an address or certificate that cannot be right.
    """
    address = ServerAddress.parse(details.host)
    tls_context(details.authority_pem)
    found = connection or FileMakerConnection()
    same = (found.kind, found.host, found.database, found.account) == (
        details.kind, address.netloc, details.database, details.account,
    )  # fmt: skip
    if not details.password and not (same and found.has_password):
        raise ConnectionUnfitError(
            "Type the password: it is kept for the same server, database and account only."
        )
    found.kind, found.host = details.kind, address.netloc
    found.database, found.account = details.database, details.account
    found.authority_pem, found.saved_by = details.authority_pem, actor.label
    if details.password:
        found.sealed_password = access.seal_password(found, details.password)
    if not same:
        found.shown = []
    _forget_trial(found)
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError:
        raise ConnectionUnfitError(
            "This database on this server is set up already. Change that connection instead."
        ) from None
    _record("connection.save", found)
    return found


def _forget_trial(connection: FileMakerConnection) -> None:
    connection.is_connected, connection.last_checked_at = False, None
    connection.last_error = connection.last_error_remedy = ""
    connection.last_report, connection.checking_since = {}, None


@transaction.atomic
def disconnect(connection: FileMakerConnection) -> None:
    """Delete the secrets; what was imported stays, and so does the address."""
    _forget_trial(connection)
    connection.sealed_password = connection.sealed_session = ""
    connection.save()
    _record("connection.disconnect", connection)


@transaction.atomic
def remove_connection(connection: FileMakerConnection) -> None:
    """Forget the connection altogether; imports made by it keep their reports."""
    _record("connection.remove", connection)
    connection.delete()


@transaction.atomic
def choose_shown(
    connection: FileMakerConnection, names: Sequence[str], *, by_hand: bool = True
) -> None:
    """Read by these layouts (or tables) only; not `by_hand`: they are chosen at each reading.

    Raises ConnectionUnfitError for none, and for names the last test did not find.
    """
    if by_hand and not names:
        raise ConnectionUnfitError("Tick at least one, or let them be chosen for you.")
    known = [entry["name"] for entry in connection.last_report.get("readable", ())]
    if strangers := [name for name in names if name not in known]:
        raise ConnectionUnfitError(
            f"“{strangers[0]}” is not on the server any more. Test the connection again."
        )
    connection.shown = [name for name in known if name in set(names)]
    connection.save(update_fields=["shown", "changed_at"])
    _record("connection.layouts", connection, payload={"chosen": len(connection.shown)})


def _record(
    action: str,
    connection: FileMakerConnection,
    *,
    result: str = "ok",
    payload: dict[str, Any] | None = None,
) -> None:
    record_event(
        action,
        object_type="imports_filemakerconnection",
        object_id=str(connection.pk),
        result=result,
        payload=payload,
    )


# ── trying it out ────────────────────────────────────────────────────────────────────────────────


def request_trial(connection: FileMakerConnection) -> None:
    """Say that a test begins; raises ConnectionUnfitError where one runs or cannot help."""
    now = datetime.now(UTC)
    found = FileMakerConnection.objects.select_for_update().get(pk=connection.pk)
    if not found.has_password:
        raise ConnectionUnfitError(
            "There is no password. Type it under “Change”, then test the connection."
        )
    if found.last_report.get("code") in {"bad-credentials", "account-locked", "password-expired"}:
        raise ConnectionUnfitError(
            "FileMaker did not accept the account and password. Type them anew under “Change”: "
            "trying the same ones again would lock the account."
        )
    if found.checking_since and now - found.checking_since < ONE_TRIAL_IN:
        raise ConnectionUnfitError("A test is running. Its result is here in a few seconds.")
    found.checking_since = now
    found.save(update_fields=["checking_since"])


def check_connection(tenant: Tenant, connection_id: uuid.UUID, *, actor: Actor) -> None:
    """Try the connection out, for at most some seconds, and keep what was found.

    Called outside every scope: no transaction waits for a foreign server. Raises nothing of the
    server's: it stands in the connection.
    """
    with tenant_scope(tenant, actor=actor):
        connection = FileMakerConnection.objects.get(pk=connection_id)
        try:
            details = access.live_settings(connection)
        except LiveSourceError as error:
            _keep_trial(connection, ConnectionReport(ok=False, steps=(), error=error))
            return
        policy = access.network_policy(tenant)
    report = try_connection(details, policy, limits=TRIAL_LIMITS)
    with tenant_scope(tenant, actor=actor):
        found = FileMakerConnection.objects.filter(
            pk=connection_id, sealed_password=connection.sealed_password
        ).first()
        if found is not None:  # else it was changed meanwhile, and the result is of another one
            _keep_trial(found, report)


def _keep_trial(connection: FileMakerConnection, report: ConnectionReport) -> None:
    connection.is_connected = report.ok
    connection.last_checked_at, connection.checking_since = datetime.now(UTC), None
    connection.last_report = storable_json(report_as_json(report))
    error = report.error
    if error is None and not report.ok:
        connection.last_error = "The account is let in and sees nothing that could be read."
        connection.last_error_remedy = " ".join(report.rights_missing)
    else:
        connection.last_error = error.message if error else ""
        connection.last_error_remedy = error.remedy if error else ""
    connection.save()
    _record(
        "connection.test",
        connection,
        result="ok" if report.ok else "failed",
        payload={"code": error.code} if error else None,
    )


def report_as_json(report: ConnectionReport) -> dict[str, Any]:
    """Write what a trial found as the page shows it."""
    return {
        "code": report.error.code if report.error else "",
        "product": report.product,
        "version": report.version,
        "steps": list(report.steps),
        "tables": len(report.tables),
        "records": sum(table.records or 0 for table in report.tables),
        "readable": [
            {
                "name": each.name,
                "folders": list(each.folders),
                "table": each.table,
                "fields": each.fields,
                "records": each.records,
                "chosen": each.is_chosen,
            }
            for each in report.readable
        ],
        "rights_missing": list(report.rights_missing),
        "advice": list(report.advice),
    }


# ── reading by it ────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def begin_reading(connection: FileMakerConnection, *, actor: Actor) -> ImportRun:
    """Make an import whose source is the live server, queued for a worker.

    The caller is in the clinic's scope and sends the task. Raises ImportRefusedError.
    """
    if not connection.has_password:
        raise ConnectionUnfitError(
            "There is no password. Type it under “Change”, then test the connection."
        )
    if not connection.is_connected:
        raise ConnectionUnfitError("Test the connection first: it has to come through.")
    source = ImportSource.objects.create(
        kind=connection.kind,
        connection=connection,
        file_name=connection.database.removesuffix(".fmp12")[:255],
        storage_key="",
        size=0,
        state=ImportSource.State.RECEIVED,
        uploaded_by=actor.label,
    )
    run = runs.begin_run(source, actor=actor)
    runs.queue(run.pk, to=ImportRun.State.READING, of={ImportRun.State.UPLOADED})
    _record("connection.read", connection, payload={"run": str(run.pk)})
    return run
