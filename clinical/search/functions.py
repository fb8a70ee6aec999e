"""Full-text search of one table as SQL: the column, its index, and the function that may use it.

The operator `@@` is not leakproof: under row-level security PostgreSQL reads every row before it asks
the index. So the search is a function that runs as nexus_search, unbound by the policies; it checks
clinic, role and assignment itself and answers ids, which are joined back under the caller's policies.
"""

from __future__ import annotations

from clinical.patients.functions import ClinicSQL

COLUMN = "search"
"""What the database derives beside the models' fields: no part of what was recorded of a row."""
LETTERS_SEARCHED = 150_000
"""Of a text: a tsvector holds one megabyte, and one row too long must not stop an import."""

_SEARCH = r"""
CREATE FUNCTION {schema}.search_TABLE(
    words text, begins text, of_patient uuid, max_rows integer
) RETURNS TABLE (found_id uuid, wanted tsquery)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = {schema}, ext, pg_temp
SET plan_cache_mode = force_custom_plan
AS $search$
DECLARE
    asked tsquery := websearch_to_tsquery('pg_catalog.english', words);
    actor text := current_setting('nexus.actor', true);
    allowed uuid[] := CASE WHEN acts_for_assigned_only() THEN ARRAY(
        SELECT a.patient_id FROM patients_coordinatorassignment a
        WHERE a.user_id::text = actor) END;
BEGIN
    IF current_setting('rls.tenant_id')::int IS DISTINCT FROM {tenant_id} THEN
        RAISE EXCEPTION 'search_TABLE of clinic {tenant_id} was called in another scope'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF begins <> '' THEN
        asked := asked && to_tsquery('pg_catalog.english', quote_literal(begins) || ':*');
    END IF;
    IF numnode(asked) = 0 THEN
        RETURN;
    END IF;
    IF of_patient IS NOT NULL THEN
        RETURN QUERY
        SELECT t.id, asked FROM TABLE t
        WHERE t.patient_id = of_patient AND t.search @@ asked
          AND (allowed IS NULL OR t.patient_id = ANY (allowed)) AND (SHOWN)
        ORDER BY t.MOMENT DESC NULLS LAST, t.id DESC LIMIT max_rows;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT t.id, asked FROM TABLE t
    WHERE t.search @@ asked
      AND (allowed IS NULL OR t.patient_id = ANY (allowed)) AND (SHOWN)
    ORDER BY t.MOMENT DESC NULLS LAST, t.id DESC LIMIT max_rows;
END
$search$
"""


def text_search(table: str, *, title: str, body: str, moment: str, shown: str) -> ClinicSQL:
    """Make a table's texts searchable, the newest first.

    `shown` is a condition on the row `t` that says what the actor may find at all. The table needs
    `id` and `patient_id`; its app names the column `search` in `audit.coverage.unrecorded`.
    """
    text = _SEARCH.replace("FROM TABLE t", f"FROM {table} t").replace(
        "search_TABLE", f"search_{table}"
    )
    text = text.replace("t.MOMENT", f"t.{moment}").replace("SHOWN", shown)
    signature = f"{{schema}}.search_{table}(text, text, uuid, integer)"
    return ClinicSQL(
        [
            f"ALTER TABLE {{schema}}.{table} ADD COLUMN search tsvector GENERATED ALWAYS AS ("
            f"setweight(to_tsvector('pg_catalog.english', left({title}, 1000)), 'A') || "
            f"to_tsvector('pg_catalog.english', left({body}, {LETTERS_SEARCHED}))) STORED",
            f"CREATE INDEX {table}_search ON {{schema}}.{table} USING gin (search)",
            text,
            f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {signature} TO nexus_app",
            "GRANT CREATE ON SCHEMA {schema} TO nexus_search",
            f"ALTER FUNCTION {signature} OWNER TO nexus_search",
            "REVOKE CREATE ON SCHEMA {schema} FROM nexus_search",
        ],
        [
            f"DROP FUNCTION {signature}",
            f"ALTER TABLE {{schema}}.{table} DROP COLUMN search",
        ],
    )
