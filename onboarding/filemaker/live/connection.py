"""A clinic's live connection: what it is made of, opening it, and trying it out.

    with open_live(settings, policy) as source:
        ...

Passwords are in memory only here; keeping them, encrypted, is for whoever stores the settings.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from onboarding.filemaker.live.addresses import (
    NetworkPolicy,
    Resolver,
    ServerAddress,
    resolve_by_system,
)
from onboarding.filemaker.live.dataapi import DataApiClient
from onboarding.filemaker.live.dataapi_source import DataApiSource
from onboarding.filemaker.live.errors import LiveSourceError
from onboarding.filemaker.live.identity import KnownTable
from onboarding.filemaker.live.layouts import survey
from onboarding.filemaker.live.odata import ODataClient
from onboarding.filemaker.live.odata_source import ODataSource
from onboarding.filemaker.live.transport import Clock, Limits, Transport

Interface = Literal["data-api", "odata"]


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What a clinic fills in. `authority_pem`: its own certificate authority, as PEM text.

    `shown` are the layouts (Data API) or tables (OData) to read; empty means all that matter.
    """

    server: str
    database: str
    account: str
    password: str = field(repr=False)
    interface: Interface = "data-api"
    authority_pem: str = field(default="", repr=False)
    shown: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TableFound:
    """A table with the layout that shows it (Data API), its fields and records."""

    name: str
    layout: str
    fields: int
    records: int | None


@dataclass(frozen=True, slots=True)
class LayoutFound:
    """A layout (or, by OData, a table occurrence) that can be read, and where it lies.

    `is_chosen`: it is the one its table is read by unless the clinic says otherwise.
    """

    name: str
    folders: tuple[str, ...]
    table: str
    fields: int
    records: int | None
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a trial found. `steps` are sentences in order; `error` says why it stopped, if it did.

    `rights_missing` names what the account may not see or do, each with what to do about it.
    """

    ok: bool
    steps: tuple[str, ...]
    product: str = ""
    version: str = ""
    databases: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    tables: tuple[TableFound, ...] = ()
    readable: tuple[LayoutFound, ...] = ()
    rights_missing: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    error: LiveSourceError | None = None


def open_live(
    settings: LiveSettings,
    policy: NetworkPolicy | None = None,
    *,
    known: Iterable[KnownTable] = (),
    limits: Limits | None = None,
    clock: Clock | None = None,
    resolver: Resolver = resolve_by_system,
    on_session: Callable[[str], None] = lambda _: None,
    left_session: str = "",
) -> DataApiSource | ODataSource:
    """Make the source; the first question connects. Close it, or use it as a context manager.

    `left_session` is the token of a session that a crash left open: it is ended first.

    Raises a LiveSourceError for settings that cannot be right.
    """
    transport = _transport(settings, policy, limits, clock, resolver)
    if settings.interface == "odata":
        return ODataSource(
            ODataClient(
                transport, settings.database, account=settings.account, password=settings.password
            ),
            tables=settings.shown,
            known=known,
        )
    client = DataApiClient(
        transport,
        settings.database,
        account=settings.account,
        password=settings.password,
        on_session=on_session,
    )
    if left_session:
        client.end_session(left_session)
        on_session("")
    return DataApiSource(
        client,
        layouts=settings.shown,
        known=known,
    )


def try_connection(
    settings: LiveSettings,
    policy: NetworkPolicy | None = None,
    *,
    limits: Limits | None = None,
    clock: Clock | None = None,
    resolver: Resolver = resolve_by_system,
) -> ConnectionReport:
    """Try a connection out and report in words for the clinic's owner; raises nothing of ours."""
    trial = _Trial()
    try:
        with _transport(settings, policy, limits, clock, resolver) as transport:
            if settings.interface == "odata":
                _try_odata(trial, transport, settings)
            else:
                _try_data_api(trial, transport, settings)
    except LiveSourceError as error:
        trial.error = error
        if error.code == "no-right":
            trial.rights_missing.append(f"{error.message} {error.remedy}")
    return trial.report()


@dataclass(slots=True)
class _Trial:
    steps: list[str] = field(default_factory=list)
    product: str = ""
    version: str = ""
    databases: list[str] = field(default_factory=list)
    layouts: list[str] = field(default_factory=list)
    tables: list[TableFound] = field(default_factory=list)
    readable: list[LayoutFound] = field(default_factory=list)
    rights_missing: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)
    error: LiveSourceError | None = None

    def report(self) -> ConnectionReport:
        return ConnectionReport(
            ok=self.error is None and bool(self.tables),
            steps=tuple(self.steps),
            product=self.product,
            version=self.version,
            databases=tuple(self.databases),
            layouts=tuple(self.layouts),
            tables=tuple(self.tables),
            readable=tuple(self.readable),
            rights_missing=tuple(self.rights_missing),
            advice=tuple(self.advice),
            error=self.error,
        )


def _transport(
    settings: LiveSettings,
    policy: NetworkPolicy | None,
    limits: Limits | None,
    clock: Clock | None,
    resolver: Resolver,
) -> Transport:
    return Transport(
        ServerAddress.parse(settings.server),
        policy=policy,
        authority_pem=settings.authority_pem,
        limits=limits,
        clock=clock,
        resolver=resolver,
    )


def _try_data_api(trial: _Trial, transport: Transport, settings: LiveSettings) -> None:
    with DataApiClient(
        transport, settings.database, account=settings.account, password=settings.password
    ) as client:
        info = client.product_info()
        trial.product, trial.version = info.name, info.version
        trial.steps.append(f"The server answers: {info.name} {info.version}.")
        client.log_in()  # before the list: a wrong password must be tried once only
        trial.steps.append(f'The account "{settings.account}" is let in.')
        _list_databases(trial, client.databases, settings.database)
        found = survey(client, may_go_on=lambda: _has_time(transport))
        trial.layouts = [" / ".join((*each.folders, each.name)) for each in found.layouts]
        trial.tables = [
            TableFound(each.name, each.layout, len(each.own_fields), each.count)
            for each in found.tables
        ]
        chosen = {each.layout for each in found.tables}
        folders: dict[str, tuple[str, ...]] = {}
        for layout in found.layouts:
            folders.setdefault(layout.name, layout.folders)
        trial.readable = [
            LayoutFound(
                each.layout,
                folders[each.layout],
                each.name,
                len(each.own_fields),
                each.count,
                each.layout in chosen,
            )
            for each in found.looks
        ]
        for name in settings.shown:
            if name not in folders:
                trial.advice.append(f'The layout "{name}", which you chose, is not there any more.')
        trial.steps.append(
            f"{len(trial.layouts)} layout(s) show {len(trial.tables)} table(s) with "
            f"{sum(each.records or 0 for each in trial.tables):,} records."
        )
        for warning in found.warnings:
            is_right = warning.code == "layouts-refused"
            (trial.rights_missing if is_right else trial.advice).append(warning.message)
        if not trial.tables:
            trial.rights_missing.append(
                "The account sees no layout with fields. Make a layout for each table with all of "
                "its fields on it, and give the account's privilege set the right to view it."
            )
        if not client.dates_are_iso:
            trial.advice.append(
                "This FileMaker Server is older than 19.6. Dates are read all the same."
            )


def _try_odata(trial: _Trial, transport: Transport, settings: LiveSettings) -> None:
    with ODataClient(
        transport, settings.database, account=settings.account, password=settings.password
    ) as client:
        metadata = client.metadata()
        trial.product, trial.version = "FileMaker OData", metadata.server
        trial.steps.append(f"The server answers: {metadata.server or 'OData'}.")
        trial.steps.append(f'The account "{settings.account}" is let in.')
        _list_databases(trial, client.databases, settings.database)
        seen: set[tuple[tuple[int, str, str], ...]] = set()
        for done, each in enumerate(metadata.occurrences):
            if not _has_time(transport):
                trial.advice.append(
                    f"There was time to look at {done} of {len(metadata.occurrences)} tables; an "
                    "import looks at all of them."
                )
                break
            try:
                count = client.rows(each.name, select=["ROWID"], top=1, count=True).found
            except LiveSourceError as error:
                if error.code not in ("no-right", "schema-changed"):
                    raise
                trial.rights_missing.append(f'The table "{each.name}" cannot be read.')
                continue
            trial.tables.append(TableFound(each.name, "", len(each.properties), count))
            shape = tuple((p.id, p.name, p.type) for p in each.properties)
            trial.readable.append(
                LayoutFound(each.name, (), "", len(each.properties), count, shape not in seen)
            )
            seen.add(shape)
        trial.steps.append(
            f"{len(trial.tables)} table occurrence(s) are shown; one table may have several."
        )
        if not trial.tables:
            trial.rights_missing.append(
                "The account sees no tables. Its privilege set needs the extended privilege "
                "fmodata and the right to view records."
            )


def _has_time(transport: Transport) -> bool:
    """Answer whether a third of the trial's time is left: the rest of it wants some too."""
    left, whole = transport.seconds_left, transport.limits.job_seconds
    return left is None or whole is None or left > whole / 3


def _list_databases(trial: _Trial, ask: Callable[[], list[str]], wanted: str) -> None:
    """List the databases; a server may hide them, which is no fault of the connection."""
    try:
        trial.databases = ask()
    except LiveSourceError as error:
        if error.number is None and error.code not in ("bad-credentials", "no-right"):
            raise
        trial.steps.append("The server does not list its databases, which is its right.")
        return
    stem = wanted.removesuffix(".fmp12").casefold()
    if not any(name.removesuffix(".fmp12").casefold() == stem for name in trial.databases):
        shown = ", ".join(trial.databases[:10]) or "none"
        trial.advice.append(
            f'"{wanted}" is not among the databases the server lists for this account: {shown}.'
        )
