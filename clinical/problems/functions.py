"""The SQL function by which words are found among codes, past what row-level security would cost."""

from __future__ import annotations

SIGNATURE = "{schema}.search_codes(text, text, integer)"
SEARCH_CODES = r"""
CREATE FUNCTION {schema}.search_codes(typed text, key_start text, max_rows integer)
RETURNS TABLE (code_id uuid, place bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 30
SET search_path = {schema}, ext, pg_temp
SET plan_cache_mode = force_custom_plan
AS $search$
DECLARE
    words text[] := string_to_array(btrim(fold_names(typed, '', '', '')), ' ');
    patterns text[] := ARRAY(SELECT '% ' || word || '%' FROM unnest(words) AS word);
BEGIN
    IF current_setting('rls.tenant_id')::int IS DISTINCT FROM {tenant_id} THEN
        RAISE EXCEPTION 'search_codes of clinic {tenant_id} was called in another scope'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
    SELECT h.id, row_number() OVER (ORDER BY h.weight, h.size, h.key) FROM (
        (SELECT c.id, c.key, 1 AS weight, 0 AS size FROM problems_code c
         WHERE key_start <> '' AND c.key ^@ key_start AND c.code_list_id = ANY (ARRAY(
             SELECT l.id FROM problems_codelist l WHERE l.state = 'in_use'))
         ORDER BY c.key LIMIT max_rows)
        UNION ALL
        (SELECT c.id, c.key, 2, length(c.search) FROM problems_code c
         WHERE words <> '{{}}' AND c.search LIKE ALL (patterns) AND NOT (
             key_start <> '' AND c.key ^@ key_start) AND c.code_list_id = ANY (ARRAY(
             SELECT l.id FROM problems_codelist l WHERE l.state = 'in_use'))
         ORDER BY length(c.search), c.key LIMIT max_rows)
    ) AS h
    ORDER BY h.weight, h.size, h.key LIMIT max_rows;
END
$search$
"""
HAND_OVER = (
    f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC",
    f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO nexus_app",
    "GRANT CREATE ON SCHEMA {schema} TO nexus_search",
    f"ALTER FUNCTION {SIGNATURE} OWNER TO nexus_search",
    "REVOKE CREATE ON SCHEMA {schema} FROM nexus_search",
)

KEEP_WORDINGS = """
CREATE FUNCTION {schema}.problems_keep_wordings() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    -- Merging two records of one person moves the row, nothing else does.
    OLD.patient_id := NEW.patient_id;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'An earlier wording of an entry is never changed.'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""


def clinicians_only(table: str) -> tuple[str, str]:
    """Answer the statements that put up and take down the wall against roles that read no notes.

    Notes 0002 has the function they ask; a support coordinator reads no notes either.
    """
    return (
        f"CREATE POLICY clinicians_only ON {{schema}}.{table} AS RESTRICTIVE FOR ALL TO nexus_app "
        "USING ((SELECT {schema}.reads_notes()))",
        f"DROP POLICY clinicians_only ON {{schema}}.{table}",
    )
