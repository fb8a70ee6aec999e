"""The SQL that keeps `mv_patient_summary` right: a statement-level trigger for each kind of write.

Who writes never waits. A patient's row that another transaction holds (an import of minutes, say) is
passed over and marked; whoever reads next makes it anew (`refresh_patient_summaries`). An app adds
its own figures by `summed_up` in a migration of its own; nothing here knows it.

The functions run as nexus_owner, who stands under the forced policy of the running scope too but not
under the ones that hide rows from a role: what a receptionist merges must count notes they cannot see.
"""

# ruff: noqa: S608 - put together from the constants of migrations, never from input

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.patients.functions import ClinicSQL

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = 100
"""A statement that touches more patients leaves marks instead of making their rows itself."""

_PINNED = "SECURITY DEFINER SET search_path = {schema}, ext, pg_temp"
_FIRST = """
    IF current_setting('rls.tenant_id')::int IS DISTINCT FROM {tenant_id} THEN
        RAISE EXCEPTION 'the summaries of clinic {tenant_id} were asked for in another scope'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
"""

KEEP_SUMMARIES = """
CREATE FUNCTION {schema}.keep_summaries(touched uuid[], source text, at_once integer) RETURNS void
LANGUAGE plpgsql SET search_path = {schema}, ext, pg_temp
AS $keep$
DECLARE held uuid[] := '{{}}';
BEGIN
    IF cardinality(touched) <= at_once THEN
        -- In order of id, so that two transactions never wait for each other; and neither waits.
        held := ARRAY(SELECT s.patient_id FROM mv_patient_summary s
                      WHERE s.patient_id = ANY (touched)
                      ORDER BY s.patient_id FOR UPDATE SKIP LOCKED);
        EXECUTE format('SELECT %I($1)', source) USING held;
    END IF;
    IF cardinality(held) < cardinality(touched) THEN
        INSERT INTO patients_summarymark (id, patient_id)
        SELECT gen_random_uuid(), t.id FROM unnest(touched) AS t (id) WHERE t.id <> ALL (held);
    END IF;
END
$keep$
"""

_COPIED = ("sort_name", "location_id", "funding_type_id", "plan_end", "is_archived")

SUM_UP_PATIENTS = f"""
CREATE FUNCTION {{schema}}.sum_up_patients_patient(ids uuid[]) RETURNS integer
LANGUAGE plpgsql SET search_path = {{schema}}, ext, pg_temp
AS $sum$
DECLARE changed integer;
BEGIN
    UPDATE mv_patient_summary s
    SET {", ".join(f"{name} = p.{name}" for name in _COPIED)}, is_listed = p.merged_into_id IS NULL
    FROM patients_patient p
    WHERE p.id = ANY (ids) AND s.patient_id = p.id
      AND ({", ".join(f"s.{name}" for name in _COPIED)}, s.is_listed) IS DISTINCT FROM
          ({", ".join(f"p.{name}" for name in _COPIED)}, p.merged_into_id IS NULL);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$sum$
"""

_INSERT = f"""
INSERT INTO mv_patient_summary (patient_id, {", ".join(_COPIED)}, is_listed)
SELECT p.id, {", ".join(f"p.{name}" for name in _COPIED)}, p.merged_into_id IS NULL FROM %s p
"""

KEEP_PATIENTS = f"""
CREATE FUNCTION {{schema}}.keep_summary_patients_patient() RETURNS trigger
LANGUAGE plpgsql {_PINNED}
AS $keep$
DECLARE touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        {_INSERT % "new_rows"} ON CONFLICT DO NOTHING;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM mv_patient_summary s USING old_rows o WHERE s.patient_id = o.id;
    ELSE
        touched := ARRAY(
            SELECT n.id FROM old_rows o JOIN new_rows n ON n.id = o.id
            WHERE ({", ".join(f"o.{name}" for name in (*_COPIED, "merged_into_id"))})
                IS DISTINCT FROM ({", ".join(f"n.{name}" for name in (*_COPIED, "merged_into_id"))}));
        -- All at once: the list must not show anybody where they no longer belong.
        PERFORM keep_summaries(touched, 'sum_up_patients_patient', cardinality(touched));
    END IF;
    RETURN NULL;
END
$keep$
"""

_SOURCES = """
        SELECT p.proname FROM pg_proc p
        WHERE p.pronamespace = '{schema}'::regnamespace AND p.proname LIKE 'sum\\_up\\_%'
        ORDER BY p.proname
"""

REFRESH = f"""
CREATE FUNCTION {{schema}}.refresh_patient_summaries(most integer) RETURNS integer
LANGUAGE plpgsql {_PINNED}
AS $refresh$
DECLARE marked uuid[]; wanted uuid[]; held uuid[]; source text;
BEGIN
    {_FIRST}
    WITH taken AS (
        DELETE FROM patients_summarymark m WHERE m.id IN (
            SELECT k.id FROM patients_summarymark k LIMIT most FOR UPDATE SKIP LOCKED)
        RETURNING m.patient_id
    )
    SELECT coalesce(array_agg(DISTINCT t.patient_id), '{{{{}}}}') INTO marked FROM taken t;
    wanted := marked || ARRAY(  -- those whose next visit has begun since
        SELECT s.patient_id FROM mv_patient_summary s WHERE s.next_visit_at <= now() LIMIT most);
    IF wanted = '{{{{}}}}' THEN
        RETURN 0;
    END IF;
    held := ARRAY(SELECT s.patient_id FROM mv_patient_summary s WHERE s.patient_id = ANY (wanted)
                  ORDER BY s.patient_id FOR UPDATE SKIP LOCKED);
    FOR source IN {_SOURCES} LOOP
        EXECUTE format('SELECT %I($1)', source) USING held;
    END LOOP;
    INSERT INTO patients_summarymark (id, patient_id)  -- who is held by another is asked for again
    SELECT gen_random_uuid(), s.patient_id FROM mv_patient_summary s
    WHERE s.patient_id = ANY (marked) AND s.patient_id <> ALL (held);
    RETURN cardinality(held);
END
$refresh$
"""

REBUILD = f"""
CREATE FUNCTION {{schema}}.rebuild_patient_summaries() RETURNS integer
LANGUAGE plpgsql {_PINNED}
AS $rebuild$
DECLARE ids uuid[]; source text; one integer; wrong integer;
BEGIN
    {_FIRST}
    DELETE FROM mv_patient_summary s
    WHERE NOT EXISTS (SELECT FROM patients_patient p WHERE p.id = s.patient_id);
    GET DIAGNOSTICS wrong = ROW_COUNT;
    {_INSERT % "patients_patient"} ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS one = ROW_COUNT;
    wrong := wrong + one;
    DELETE FROM patients_summarymark;
    ids := ARRAY(SELECT s.patient_id FROM mv_patient_summary s ORDER BY s.patient_id FOR UPDATE);
    FOR source IN {_SOURCES} LOOP
        EXECUTE format('SELECT %I($1)', source) INTO one USING ids;
        wrong := wrong + one;
    END LOOP;
    RETURN wrong;
END
$rebuild$
"""


def _triggers(table: str) -> list[str]:
    """Answer the triggers of a table: PostgreSQL gives old and new rows to no others."""
    heads = {
        "insert": "INSERT ON {schema}.%s REFERENCING NEW TABLE AS new_rows",
        "update": "UPDATE ON {schema}.%s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "DELETE ON {schema}.%s REFERENCING OLD TABLE AS old_rows",
    }
    return [
        f"CREATE TRIGGER summary_{name} AFTER {head % table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.keep_summary_{table}()"
        for name, head in heads.items()
    ]


def _untriggered(table: str) -> list[str]:
    return [
        *(f"DROP TRIGGER summary_{name} ON {{schema}}.{table}" for name in _OPERATIONS),
        f"DROP FUNCTION {{schema}}.keep_summary_{table}",
        f"DROP FUNCTION {{schema}}.sum_up_{table}",
    ]


_OPERATIONS = ("insert", "update", "delete")


def _shut(*signatures: str) -> list[str]:
    return [f"REVOKE ALL ON FUNCTION {{schema}}.{name} FROM PUBLIC" for name in signatures]


def patient_summaries() -> ClinicSQL:
    """Answer the operation that makes and fills the summaries of the patients' own columns."""
    callable_by_app = ("refresh_patient_summaries(integer)", "rebuild_patient_summaries()")
    return ClinicSQL(
        [
            "REVOKE INSERT, UPDATE, DELETE ON {schema}.mv_patient_summary FROM nexus_app",
            "REVOKE INSERT, UPDATE, DELETE ON {schema}.patients_summarymark FROM nexus_app",
            KEEP_SUMMARIES,
            SUM_UP_PATIENTS,
            KEEP_PATIENTS,
            REFRESH,
            REBUILD,
            *_shut(
                "keep_summaries(uuid[], text, integer)",
                "sum_up_patients_patient(uuid[])",
                "keep_summary_patients_patient()",
                *callable_by_app,
            ),
            *(f"GRANT EXECUTE ON FUNCTION {{schema}}.{f} TO nexus_app" for f in callable_by_app),
            *_triggers("patients_patient"),
            (_INSERT % "{schema}.patients_patient").replace(
                "INTO mv_patient", "INTO {schema}.mv_patient"
            ),
        ],
        [
            *_untriggered("patients_patient"),
            "DROP FUNCTION {schema}.rebuild_patient_summaries",
            "DROP FUNCTION {schema}.refresh_patient_summaries",
            "DROP FUNCTION {schema}.keep_summaries",
        ],
    )


def summed_up(
    table: str, *, columns: Sequence[str], figures: Sequence[str], query: str, patient: str = ""
) -> ClinicSQL:
    """Answer the operation that keeps some columns of the summary right when a table is written.

    `figures` are columns of the summary; `query` selects a patient's id and the figures in their
    order for every id of the array `ids`, also for those who have nothing. An update counts where
    one of the table's `columns` changed. Put it into a migration of the table's app.
    """
    patient = patient or "patient_id"
    watched = (patient, *columns)
    names = ("id", *figures)
    values = {
        "table": table,
        "patient": patient,
        "old": ", ".join(f"o.{name}" for name in watched),
        "new": ", ".join(f"n.{name}" for name in watched),
        "names": ", ".join(names),
        "set": ", ".join(f"{name} = v.{name}" for name in figures),
        "now": ", ".join(f"s.{name}" for name in figures),
        "then": ", ".join(f"v.{name}" for name in figures),
        "query": query,
        "pinned": _PINNED,
        "at_once": AT_ONCE,
    }
    return ClinicSQL(
        [
            _SUM_UP % values,
            _KEEP % values,
            *_shut(f"sum_up_{table}(uuid[])", f"keep_summary_{table}()"),
            *_triggers(table),
            f"SELECT {{schema}}.sum_up_{table}(ARRAY("
            "SELECT s.patient_id FROM {schema}.mv_patient_summary s))",
        ],
        _untriggered(table),
    )


_SUM_UP = """
CREATE FUNCTION {schema}.sum_up_%(table)s(ids uuid[]) RETURNS integer
LANGUAGE plpgsql SET search_path = {schema}, ext, pg_temp
AS $sum$
DECLARE changed integer;
BEGIN
    UPDATE mv_patient_summary s SET %(set)s FROM (%(query)s) AS v (%(names)s)
    WHERE s.patient_id = v.id AND (%(now)s) IS DISTINCT FROM (%(then)s);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$sum$
"""

_KEEP = """
CREATE FUNCTION {schema}.keep_summary_%(table)s() RETURNS trigger
LANGUAGE plpgsql %(pinned)s
AS $keep$
DECLARE touched uuid[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := ARRAY(SELECT DISTINCT n.%(patient)s FROM new_rows n);
    ELSIF TG_OP = 'DELETE' THEN
        touched := ARRAY(SELECT DISTINCT o.%(patient)s FROM old_rows o);
    ELSE
        touched := ARRAY(
            SELECT DISTINCT t.id FROM old_rows o FULL JOIN new_rows n ON n.id = o.id
            CROSS JOIN LATERAL (VALUES (o.%(patient)s), (n.%(patient)s)) AS t (id)
            WHERE (%(old)s) IS DISTINCT FROM (%(new)s));
    END IF;
    touched := array_remove(touched, NULL);
    IF touched <> '{{}}' THEN
        PERFORM keep_summaries(touched, 'sum_up_%(table)s', %(at_once)s);
    END IF;
    RETURN NULL;
END
$keep$
"""
