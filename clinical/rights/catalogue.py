"""The tables of the clinic in scope as the database itself lists them: what refers to what."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connections

from tenants.scope import current_scope

PATIENTS = "patients_patient"

_COLUMNS = """
SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL), a.attnotnull,
       a.attgenerated <> '', coalesce(a.attnum = ANY (i.indkey), false)
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
 WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND a.attname <> 'tenant_id'
 ORDER BY c.relname, a.attnum"""

_LINKS = """
SELECT c.relname::text, a.attname::text, t.relname::text
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_class t ON t.oid = k.confrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
 WHERE k.connamespace = to_regnamespace(%s) AND k.contype = 'f' AND cardinality(k.conkey) = 1
   AND NOT c.relispartition
 ORDER BY 1, 2"""


@dataclass(frozen=True)
class Column:
    """One column. `kind` is PostgreSQL's name of its type."""

    name: str
    kind: str
    is_required: bool
    is_generated: bool

    @property
    def is_words(self) -> bool:
        """True for what can hold something a person wrote."""
        return self.kind in {"text", "character varying", "jsonb", "text[]", "character varying[]"}


@dataclass
class Table:
    """One table: its key, its columns, and column → table that it refers to."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    key: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)

    @property
    def key_column(self) -> str:
        return self.key[0]

    @property
    def key_kind(self) -> str:
        return self.columns[self.key_column].kind

    @property
    def patient_columns(self) -> list[str]:
        return [column for column, target in self.links.items() if target == PATIENTS]

    @property
    def loose_columns(self) -> list[str]:
        """Answer columns that may name a person though no foreign key says so."""
        return [
            column.name
            for column in self.columns.values()
            if column.name not in self.links and column.name not in self.key
            if column.kind in {"uuid", "jsonb", "uuid[]"} or "patient" in column.name
        ]


def read_catalogue() -> dict[str, Table]:
    """Answer every table of the running scope's schema."""
    scope = current_scope()
    tables: dict[str, Table] = {}
    with connections[scope.alias].cursor() as cursor:
        cursor.execute(_COLUMNS, [scope.schema])
        for table, name, kind, is_required, is_generated, is_key in cursor.fetchall():
            found = tables.setdefault(table, Table(table))
            found.columns[name] = Column(name, kind, is_required, is_generated)
            if is_key:
                found.key.append(name)
        cursor.execute(_LINKS, [scope.schema])
        for table, name, target in cursor.fetchall():
            tables[table].links[name] = target
    return tables
