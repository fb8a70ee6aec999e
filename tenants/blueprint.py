"""A clinic's schema as the shortest SQL that makes it again, read from the template's catalogue.

The recorded migrations tell a history: columns added one by one, policies dropped and made anew. A new
clinic needs its outcome only, each table in one statement with all its columns and constraints, which
takes PostgreSQL about half the time. `tests/tenants/test_migrate.py` compares the two, thing by thing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db import connections

from tenants.scope import EXTENSIONS_SCHEMA, current_scope
from tenants.walls import OWNER, SEARCH

if TYPE_CHECKING:
    from collections.abc import Iterable

    Row = dict[str, Any]

_WORDS = re.compile(
    r"\((\w+|\"[^\"]+\")\)::text = ANY \(\(ARRAY\["
    r"((?:'(?:[^']|'')*'::character varying(?:, )?)+)\]\)::text\[\]\)"
)
"""`IN` over a varchar, as the catalogue writes it: read again, it would be another expression."""


class UnknownThingError(RuntimeError):
    """The schema has something that this module cannot write down; the history must be replayed."""


def statements() -> list[str]:
    """Answer what makes the running scope's schema again, inside an empty one with its defaults."""
    _refuse_unknown()
    tables = _in_order_of_keys(_ask(TABLES), _ask(KEYS))
    functions = _ask(FUNCTIONS)
    return [
        "SET LOCAL check_function_bodies = off",
        *_libraries(functions),
        *(_sequence(row) for row in _ask(SEQUENCES)),
        *(row["definition"] for row in functions if not row["needs_tables"]),
        *(_with_words(statement) for statement in _tables(tables)),
        *(row["definition"] for row in functions if row["needs_tables"]),
        *(_with_words(row["definition"]) for row in _ask(INDEXES)),
        *(row["definition"] for row in _ask(PARTITIONS)),
        *(row["definition"] for row in _ask(VIEWS)),
        *_relation_rights(_ask(RELATION_RIGHTS)),
        *_function_rights(functions),
        *(_with_words(statement) for statement in _guards()),
        *_rows(),
    ]


def _ask(query: str) -> list[Row]:
    scope = current_scope()
    with connections[scope.alias].cursor() as cursor:
        cursor.execute(query, {"schema": scope.schema})
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _with_words(statement: str) -> str:
    return _WORDS.sub(
        lambda found: f"{found[1]} IN ({found[2].replace('::character varying', '')})", statement
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# ── what cannot be written down ──────────────────────────────────────────────────────────────────

UNKNOWN = """
SELECT 'a ' || c.relkind::text || '-relation ' || c.relname AS thing FROM pg_class c
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND (c.relkind IN ('m', 'f', 'c')
  OR c.relkind IN ('r', 'p') AND (c.relpersistence <> 'p' OR c.relreplident <> 'd' OR c.relhasrules
    OR c.relispartition AND (c.relkind = 'p' OR EXISTS (SELECT FROM pg_inherits i
      WHERE i.inhrelid = c.oid AND i.inhseqno <> 1))
    OR NOT c.relispartition AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid)))
UNION ALL SELECT 'type ' || t.typname FROM pg_type t
WHERE t.typnamespace = to_regnamespace(%(schema)s) AND t.typtype <> 'c' AND t.typelem = 0
UNION ALL SELECT 'statistics ' || s.stxname FROM pg_statistic_ext s
WHERE s.stxnamespace = to_regnamespace(%(schema)s)
UNION ALL SELECT 'function ' || p.proname FROM pg_proc p
WHERE p.pronamespace = to_regnamespace(%(schema)s) AND p.prokind NOT IN ('f', 'p')
UNION ALL SELECT 'operator ' || o.oprname FROM pg_operator o
WHERE o.oprnamespace = to_regnamespace(%(schema)s)
UNION ALL SELECT 'column ' || c.relname || '.' || a.attname FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind IN ('r', 'p') AND a.attnum > 0
  AND NOT a.attisdropped AND (a.attacl IS NOT NULL OR a.attoptions IS NOT NULL
  OR a.attstorage <> t.typstorage OR a.attcompression <> '' OR a.attgenerated = 'v'
  OR a.attstattarget >= 0)
UNION ALL SELECT 'trigger ' || g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND NOT g.tgisinternal
  AND (g.tgenabled <> 'O' OR g.tgparentid <> 0)
UNION ALL SELECT 'index ' || c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND (i.indisclustered OR NOT i.indisvalid)
UNION ALL SELECT 'constraint ' || k.conname FROM pg_constraint k
WHERE k.connamespace = to_regnamespace(%(schema)s) AND NOT k.convalidated
UNION ALL SELECT 'comment ' || d.description FROM pg_description d
JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
WHERE c.relnamespace = to_regnamespace(%(schema)s)
"""


def _refuse_unknown() -> None:
    found = _ask(UNKNOWN)
    if found:
        raise UnknownThingError(", ".join(row["thing"] for row in found[:5]))


# ── tables ───────────────────────────────────────────────────────────────────────────────────────

SEQUENCES = """
SELECT c.relname AS name, format_type(s.seqtypid, NULL) AS type, s.* FROM pg_sequence s
JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = to_regnamespace(%(schema)s)
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
  AND d.deptype IN ('i', 'a'))
ORDER BY c.oid
"""

TABLES = """
SELECT c.relname AS name, c.oid, array_to_string(c.reloptions, ', ') AS options,
  CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
  (SELECT array_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attcollation NOT IN (0, t.typcollation)
       THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
    || CASE WHEN a.attgenerated = 's'
       THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
       WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
       WHEN a.attidentity = 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY'
       ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END
    || coalesce(CASE WHEN n.conname = c.relname || '_' || a.attname || '_not_null' THEN ''
       ELSE ' CONSTRAINT ' || quote_ident(n.conname) END || ' NOT NULL', '')
    ORDER BY a.attnum)
   FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
   LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   LEFT JOIN pg_constraint n ON n.conrelid = a.attrelid AND n.contype = 'n'
     AND n.conkey = ARRAY[a.attnum]
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT array_agg('CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
    ORDER BY k.contype DESC, k.oid) FROM pg_constraint k
   WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'x')) AS constraints
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind IN ('r', 'p')
AND NOT c.relispartition ORDER BY c.relname
"""

KEYS = """
SELECT c.relname AS "table", f.relname AS target,
  'CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class f ON f.oid = k.confrelid
WHERE k.connamespace = to_regnamespace(%(schema)s) AND k.contype = 'f' AND k.conparentid = 0
ORDER BY k.oid
"""

PARTITIONS = """
SELECT 'CREATE TABLE ' || quote_ident(c.relname) || ' PARTITION OF '
  || quote_ident(p.relname) || ' ' || pg_get_expr(c.relpartbound, c.oid) AS definition
FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relispartition AND c.relkind = 'r'
ORDER BY c.oid
"""

INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) AS definition FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND NOT t.relispartition
AND t.relkind IN ('r', 'p')
AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
ORDER BY t.relname, c.oid
"""

VIEWS = """
SELECT 'CREATE VIEW ' || quote_ident(c.relname)
  || coalesce(' WITH (' || array_to_string(c.reloptions, ', ') || ')', '') || ' AS '
  || rtrim(pg_get_viewdef(c.oid), ';') AS definition
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind = 'v'
ORDER BY c.oid
"""


def _sequence(row: Row) -> str:
    return (
        f"CREATE SEQUENCE {_quoted(row['name'])} AS {row['type']} START {row['seqstart']} "
        f"INCREMENT {row['seqincrement']} MINVALUE {row['seqmin']} MAXVALUE {row['seqmax']} "
        f"CACHE {row['seqcache']}{' CYCLE' if row['seqcycle'] else ''}"
    )


def _in_order_of_keys(tables: list[Row], keys: list[Row]) -> list[Row]:
    """Order the tables so that most foreign keys point backwards; put each key where it can stand."""
    targets: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        if key["target"] != key["table"]:
            targets[key["table"]].add(key["target"])
    known = {table["name"]: table for table in tables}
    order: list[Row] = []
    placed: set[str] = set()
    while len(order) < len(tables):
        waiting = [name for name in known if name not in placed]
        free = [name for name in waiting if targets[name] <= placed]
        # A ring of keys is opened at the table that waits for the fewest others.
        for name in free or [min(waiting, key=lambda name: len(targets[name] - placed))]:
            placed.add(name)
            order.append(known[name])
    place = {table["name"]: position for position, table in enumerate(order)}
    for table in order:
        table["inline"], table["later"] = [], []
    for key in keys:
        table = known[key["table"]]
        is_there = place[key["target"]] <= place[key["table"]]
        table["inline" if is_there else "later"].append(key["definition"])
    return order


def _tables(tables: list[Row]) -> Iterable[str]:
    for table in tables:
        inner = [*table["columns"], *(table["constraints"] or ()), *table["inline"]]
        tail = f" WITH ({table['options']})" if table["options"] else ""
        if table["partition_key"]:
            tail = f" PARTITION BY {table['partition_key']}{tail}"
        yield f"CREATE TABLE {_quoted(table['name'])} ({', '.join(inner)}){tail}"
    for table in tables:
        if table["later"]:
            yield f"ALTER TABLE {_quoted(table['name'])} " + ", ".join(
                f"ADD {definition}" for definition in table["later"]
            )


# ── functions and rights ─────────────────────────────────────────────────────────────────────────

FUNCTIONS = """
SELECT pg_get_functiondef(p.oid) AS definition, pg_get_userbyid(p.proowner) AS owner,
  p.oid::regprocedure::text AS signature,
  (SELECT array_agg(DISTINCT x.extname::text) FROM pg_extension x, unnest(p.proconfig) AS setting
   WHERE setting LIKE x.extname || '.%%') AS extensions,
  EXISTS (SELECT FROM pg_depend d LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass
    AND t.oid = d.refobjid LEFT JOIN pg_class c ON d.refclassid = 'pg_class'::regclass
    AND c.oid = d.refobjid WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
    AND p.pronamespace IN (t.typnamespace, c.relnamespace)) AS needs_tables,
  p.proacl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = 0)
    AS is_closed,
  (SELECT array_agg(pg_get_userbyid(a.grantee)::text ORDER BY a.place) FROM ROWS FROM
    (aclexplode(p.proacl)) WITH ORDINALITY
    AS a(grantor, grantee, privilege_type, is_grantable, place)
   WHERE a.grantee NOT IN (0, p.proowner)) AS callers
FROM pg_proc p WHERE p.pronamespace = to_regnamespace(%(schema)s) ORDER BY p.oid
"""

RELATION_RIGHTS = """
SELECT c.relname AS name, CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
  pg_get_userbyid(c.relowner) AS owner,
  (SELECT json_object_agg(g.name, g.rights ORDER BY g.place) FROM (
     SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END AS name,
       array_agg(a.privilege_type ORDER BY a.privilege_type) AS rights, min(a.place) AS place
     FROM ROWS FROM (aclexplode(coalesce(c.relacl, acldefault(
       (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner)))) WITH ORDINALITY
       AS a(grantor, grantee, privilege_type, is_grantable, place)
     WHERE a.grantee <> c.relowner GROUP BY a.grantee) AS g) AS rights
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%(schema)s)
AND c.relkind IN ('r', 'p', 'v', 'S')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
  AND d.deptype = 'i' AND c.relkind = 'S')
ORDER BY c.relname
"""

DEFAULT_RIGHTS = """
SELECT CASE d.defaclobjtype WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
  pg_get_userbyid(a.grantee)::text AS name, a.privilege_type AS right
FROM pg_default_acl d, aclexplode(d.defaclacl) AS a
WHERE d.defaclnamespace = to_regnamespace(%(schema)s) AND a.grantee <> d.defaclrole
"""


def _relation_rights(relations: list[Row]) -> Iterable[str]:
    """Answer what differs from the rights that the schema's defaults give by themselves."""
    given: dict[str, dict[str, set[str]]] = {"TABLE": {}, "SEQUENCE": {}}
    for row in _ask(DEFAULT_RIGHTS):
        given[row["kind"]].setdefault(row["name"], set()).add(row["right"])
    changes: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for relation in relations:
        if relation["owner"] != OWNER:
            raise UnknownThingError(f"{relation['name']} belongs to {relation['owner']}")
        default = given[relation["kind"]]
        actual = {name: set(rights) for name, rights in (relation["rights"] or {}).items()}
        for role in [*default, *(name for name in actual if name not in default)]:
            before, after = default.get(role, set()), actual.get(role, set())
            for verb, word, rights in (
                ("REVOKE", "FROM", before - after),
                ("GRANT", "TO", after - before),
            ):
                if rights:
                    key = (
                        f"{verb} {', '.join(sorted(rights))}",
                        relation["kind"],
                        f"{word} {role}",
                    )
                    changes[key].append(_quoted(relation["name"]))
    for (verb, kind, role), names in changes.items():
        yield f"{verb} ON {kind} {', '.join(names)} {role}"


def _libraries(functions: list[Row]) -> Iterable[str]:
    """Load the extensions whose settings a function carries: unknown settings cannot be set."""
    for extension in sorted({name for row in functions for name in row["extensions"] or ()}):
        if extension != "pg_trgm":
            raise UnknownThingError(f"settings of the extension {extension}")
        yield f"SELECT {EXTENSIONS_SCHEMA}.show_limit()"


def _function_rights(functions: list[Row]) -> Iterable[str]:
    closed = [row["signature"] for row in functions if row["is_closed"]]
    if closed:
        yield f"REVOKE ALL ON ROUTINE {', '.join(closed)} FROM PUBLIC"
    callers: dict[str, list[str]] = defaultdict(list)
    for row in functions:
        for caller in row["callers"] or ():
            callers[caller].append(row["signature"])
    for caller, names in callers.items():
        yield f"GRANT EXECUTE ON ROUTINE {', '.join(names)} TO {caller}"
    handed = [row for row in functions if row["owner"] != OWNER]
    if any(row["owner"] != SEARCH for row in handed):
        raise UnknownThingError("a function of neither the owner nor the search role")
    if handed:
        schema = _quoted(current_scope().schema)
        yield f"GRANT CREATE ON SCHEMA {schema} TO {SEARCH}"
        yield from (f"ALTER ROUTINE {row['signature']} OWNER TO {SEARCH}" for row in handed)
        yield f"REVOKE CREATE ON SCHEMA {schema} FROM {SEARCH}"


# ── policies and triggers ────────────────────────────────────────────────────────────────────────

WALLS = """
SELECT c.relname AS "table", 'ALTER TABLE ' || quote_ident(c.relname) || ' ' || concat_ws(', ',
  CASE WHEN c.relrowsecurity THEN 'ENABLE ROW LEVEL SECURITY' END,
  CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END) AS definition
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind IN ('r', 'p')
AND (c.relrowsecurity OR c.relforcerowsecurity) ORDER BY c.relname
"""

POLICIES = """
SELECT c.relname AS "table", 'CREATE POLICY ' || quote_ident(p.polname) || ' ON '
  || quote_ident(c.relname) || CASE WHEN p.polpermissive THEN '' ELSE ' AS RESTRICTIVE' END
  || CASE p.polcmd WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT'
     WHEN 'w' THEN ' FOR UPDATE' WHEN 'd' THEN ' FOR DELETE' ELSE '' END
  || ' TO ' || (SELECT string_agg(CASE r.role WHEN 0 THEN 'PUBLIC'
       ELSE quote_ident(pg_get_userbyid(r.role)) END, ', ' ORDER BY r.place)
     FROM unnest(p.polroles) WITH ORDINALITY AS r(role, place))
  || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
  || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
  || coalesce('; COMMENT ON POLICY ' || quote_ident(p.polname) || ' ON ' || quote_ident(c.relname)
     || ' IS ' || quote_literal(d.description), '') AS definition
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
LEFT JOIN pg_description d ON d.objoid = p.oid AND d.classoid = 'pg_policy'::regclass
WHERE c.relnamespace = to_regnamespace(%(schema)s) ORDER BY p.oid
"""

TRIGGERS = """
SELECT c.relname AS "table", pg_get_triggerdef(t.oid) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = to_regnamespace(%(schema)s) AND NOT t.tgisinternal ORDER BY t.oid
"""


def _guards() -> Iterable[str]:
    """Answer policies, triggers and walls, table by table.

    The walls are raised last: from then on every change has PostgreSQL read the table's policies anew,
    which is a quarter of the time that a clinic takes. It is one transaction all the same.
    """
    by_table: dict[str, list[str]] = defaultdict(list)
    for query in (POLICIES, TRIGGERS, WALLS):
        for row in _ask(query):
            by_table[row["table"]].append(row["definition"])
    for table in sorted(by_table):
        yield from by_table[table]


# ── what a clinic begins with ────────────────────────────────────────────────────────────────────

ROW_TABLES = """
SELECT c.relname AS name,
  (SELECT array_agg(k.conrelid::regclass::text) FROM pg_constraint k WHERE k.confrelid = c.oid)
    AS pointers,
  (SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
   AND a.attidentity = '' AND a.attname <> 'tenant_id') AS columns,
  (SELECT array_agg(quote_ident(a.attname)) FROM pg_attribute a JOIN pg_constraint k
   ON k.conrelid = a.attrelid AND k.contype = 'p' AND k.conkey = ARRAY[a.attnum]
   WHERE a.attrelid = c.oid AND a.atttypid = 'uuid'::regtype) AS own_id
FROM pg_class c WHERE c.relnamespace = to_regnamespace(%(schema)s) AND c.relkind = 'r'
AND c.relname NOT LIKE 'audit\\_%%' ORDER BY c.relname
"""
"""Rows of the trail are left out: what is written into the new schema makes its own."""


def _rows() -> Iterable[str]:
    """Answer the rows that migrations have put in. Their own ids are made anew for each clinic."""
    tables = {table["name"]: table for table in _ask(ROW_TABLES)}
    filled = [
        name
        for name in tables
        if _ask(f"SELECT 1 AS found FROM {_quoted(name)} LIMIT 1")  # noqa: S608 - a name of the catalogue
    ]
    for name in filled:
        if {pointer.strip('"') for pointer in tables[name]["pointers"] or ()} & set(filled):
            raise UnknownThingError(f"rows that point at those of {name}")
        yield _insert(tables[name])


def _insert(table: Row) -> str:
    own = set(table["own_id"] or ())
    columns = ", ".join(table["columns"])
    values = ", ".join(
        "'gen_random_uuid()'" if column in own else f"quote_nullable({column}::text)"
        for column in table["columns"]
    )
    name = _quoted(table["name"])
    rows = _ask(f"SELECT concat_ws(', ', {values}) AS row FROM {name}")  # noqa: S608 - names of the catalogue
    listed = ", ".join(f"({row['row']})" for row in rows)
    return f"INSERT INTO {name} ({columns}) VALUES {listed}"  # noqa: S608 - quoted by the database
