"""One instant of the database, seen by the backup's role and counted by the owner.

The backup's role reads past row-level security. Should it one day not, PostgreSQL would hand it fewer rows
and say nothing, as `pg_dump --enable-row-security` does with status 0. So it reads with `row_security =
off`, which turns that into an error, and every table is counted in the same snapshot by another role on
another way: the owner, inside the clinic's scope.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import IsolationLevel, sql

from onboarding.backups.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    Connection = psycopg.Connection[Any]

ROW_TEXT = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
"""What decides how a row looks as text: the same for whoever computes a checksum."""


@dataclass(frozen=True)
class Relation:
    """A table as it is backed up: its columns are those that a restore writes."""

    name: str
    columns: tuple[str, ...]

    @property
    def selected(self) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))


@dataclass(frozen=True)
class Checksum:
    """How many rows a table has, and the sum of their hashes: the same in any order."""

    rows: int
    digest: str


class Instant:
    """A snapshot that lives as long as the block it was taken for."""

    def __init__(
        self,
        snapshot: str,
        as_of: datetime,
        server: int,
        *,
        cluster: str,
        release: Callable[[], None],
    ) -> None:
        self.snapshot, self.as_of, self.server = snapshot, as_of, server
        self.cluster = cluster
        """The database it is of; empty: the platform's own."""
        self.release = release
        """Let the snapshot go once all rows are read: while it lives, nothing is vacuumed."""

    @contextmanager
    def reader(self, *, tenant_id: int = 0) -> Iterator[Connection]:
        """Open a short transaction of the backup's role; its locks are gone when it ends."""
        with (
            _connected(backup_url(self.cluster)) as connection,
            self._seen_by(connection, tenant_id),
        ):
            connection.execute("SET LOCAL row_security = off")
            yield connection

    @contextmanager
    def shared(self) -> Iterator[Connection]:
        """Open the shared tables: in this instant, or as they are now for a clinic in another database."""
        if not self.cluster:
            with self.reader() as connection:
                yield connection
            return
        with _connected(backup_url()) as connection:
            yield connection

    @contextmanager
    def counter(self) -> Iterator[Connection]:
        """Open a connection of the owner's, for `as_owner_of`."""
        with _connected(_owner_info(self.cluster)) as connection:
            yield connection

    @contextmanager
    def as_owner_of(self, connection: Connection, tenant_id: int) -> Iterator[None]:
        """Let the owner see the same instant of one clinic, or of the shared tables (0)."""
        with self._seen_by(connection, tenant_id):
            yield

    @contextmanager
    def _seen_by(self, connection: Connection, tenant_id: int) -> Iterator[None]:
        with connection.transaction():
            connection.execute(
                sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self.snapshot))
            )
            connection.execute("SELECT set_config('rls.tenant_id', %s, true)", [str(tenant_id)])
            yield


@contextmanager
def one_instant(cluster: str = "") -> Iterator[Instant]:
    """Take a snapshot of the whole database. It keeps no table locked."""
    with ExitStack() as stack:
        connection = stack.enter_context(_connected(backup_url(cluster)))
        stack.enter_context(connection.transaction())
        row = connection.execute(
            "SELECT pg_export_snapshot(), now(), current_setting('server_version_num')::int / 10000"
        ).fetchone()
        if row is None:
            raise BackupError("PostgreSQL gave no snapshot.")
        yield Instant(*row, cluster=cluster, release=stack.close)


def backup_url(cluster: str = "") -> str:
    """Say how the backup's role gets in; raises BackupError where nobody has said so."""
    if cluster:
        entry = settings.CLUSTERS.get(cluster, {}).get("backup")
        if not entry:
            raise BackupError(
                f'NEXUS_CLUSTERS names no "backup" for {cluster!r}: the URL of nexus_backup there.'
            )
        return _info_of(entry)
    url: str = settings.BACKUP_DATABASE_URL
    if not url:
        raise BackupError(
            "DATABASE_BACKUP_URL is not set: backups are read by the role nexus_backup. "
            "docs/operations.md says what it looks like."
        )
    return url


def _owner_info(cluster: str) -> str:
    return _info_of(
        settings.CLUSTERS[cluster]["owner"] if cluster else connections["owner"].settings_dict
    )


def _info_of(entry: dict[str, Any]) -> str:
    names = {
        "dbname": "NAME",
        "user": "USER",
        "password": "PASSWORD",
        "host": "HOST",
        "port": "PORT",
    }
    return psycopg.conninfo.make_conninfo(
        **{name: str(entry[key]) for name, key in names.items() if entry[key]}
    )


@contextmanager
def _connected(info: str) -> Iterator[Connection]:
    try:
        connection = psycopg.connect(info, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise BackupError(f"The database does not let the backup in: {error}") from error
    with connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for name, value in ROW_TEXT.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        connection.commit()
        yield connection


# ── the catalogue ────────────────────────────────────────────────────────────────────────────────

_RELATIONS = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attname <> %s
GROUP BY c.relname ORDER BY c.relname
"""

_SEQUENCES = """
SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = %s ORDER BY 1
"""


def relations_of(connection: Connection, schema: str) -> list[Relation]:
    """Answer the tables of a schema; a clinic's without the column that every one of them has."""
    wall = "" if schema == "public" else "tenant_id"
    found = connection.execute(_RELATIONS, [schema, wall]).fetchall()
    return [Relation(name, tuple(columns)) for name, columns in found]


def sequences_of(connection: Connection, schema: str) -> dict[str, int | None]:
    """Answer how far each sequence is; None for one that nobody has drawn from."""
    return dict(connection.execute(_SEQUENCES, [schema]).fetchall())


def counts_of(connection: Connection, schema: str, relations: list[Relation]) -> dict[str, int]:
    """Count every table in one question."""
    if not relations:
        return {}
    question = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, count(*) FROM {}").format(
            sql.Literal(relation.name), sql.Identifier(schema, relation.name)
        )
        for relation in relations
    )
    return dict(connection.execute(question).fetchall())


def checksum_of(connection: Connection, schema: str, relation: Relation) -> Checksum:
    """Sum up the hashes of a table's rows as they look as text."""
    row = connection.execute(
        sql.SQL(
            "SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)::numeric), 0)::text "
            "FROM {}"
        ).format(relation.selected, sql.Identifier(schema, relation.name))
    ).fetchone()
    return Checksum(*(row or (0, "0")))


def clinic_ids(connection: Connection) -> list[tuple[int, str]]:
    """Answer id and subdomain of every clinic whose schema stands in this database."""
    return connection.execute(
        "SELECT t.id, t.subdomain FROM public.tenants_tenant t JOIN pg_namespace n "
        "ON n.nspname = t.schema_name ORDER BY t.id"
    ).fetchall()


def clinics_elsewhere(connection: Connection) -> list[str]:
    """Name the clinics whose tables stand in another database."""
    rows = connection.execute(
        "SELECT subdomain FROM public.tenants_tenant WHERE cluster <> '' ORDER BY 1"
    )
    return [row[0] for row in rows]


def heads_of(connection: Connection, tenant_id: int) -> str:
    """Answer the migrations a clinic is at."""
    row = connection.execute(
        "SELECT heads FROM public.tenants_migrationhead WHERE tenant_id = %s", [tenant_id]
    ).fetchone()
    return str(row[0]) if row else ""


def schema_script(connection: Connection, heads: str) -> str:
    """Answer the SQL that makes a clinic's empty schema at `heads`, as the template's."""
    rows = connection.execute("SELECT to_jsonb(s) FROM public.tenants_schemascript s").fetchall()
    by_target = {row[0]["to_heads"]: row[0] for row in rows}
    way: list[str] = []
    while heads:
        if heads not in by_target:
            raise BackupError(
                "A clinic's tables are at migrations nobody has recorded: run `nexus migrate`."
            )
        script = by_target[heads]
        way.insert(0, script.get("whole") or script["sql"])
        heads = "" if script.get("whole") else script["from_heads"]
    return ";\n".join(way)
