"""The SQL functions of a clinic's schema that patients' names are folded and found with.

The schema's name and the tenant's id stand in them literally: a function that bypasses row-level
security must not take either from its caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenants.operations import ScopeStatements
from tenants.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Sequence


FOLD_NAMES = r"""
CREATE FUNCTION {schema}.fold_names(given text, family text, preferred text, former text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $fold$
    SELECT ' ' || btrim(regexp_replace(regexp_replace(
        lower(ext.unaccent('ext.unaccent'::regdictionary,
            coalesce(given, '') || ' ' || coalesce(family, '') || ' '
            || coalesce(preferred, '') || ' ' || coalesce(former, ''))),
        '[''\u2019\u2018`\u00b4\u02bc.]', '', 'g'),
        '[-\s,;:/\\()\[\]{{}}"'
        '\u201c\u201d\u201e_+*&#!?<>=|~%@$^\u2010\u2011\u2013\u2014]+', ' ', 'g'))
$fold$
"""

MISSPELLINGS = r"""
CREATE FUNCTION {schema}.misspellings(word text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $slips$
    SELECT array_agg(DISTINCT slip) FROM (
        SELECT word
        UNION ALL
        SELECT unnest(ARRAY[
            overlay(word PLACING '_' FROM n FOR 1),
            overlay(word PLACING '' FROM n FOR 1),
            overlay(word PLACING '_' FROM n + 1 FOR 0),
            overlay(word PLACING substr(word, n + 1, 1) || substr(word, n, 1) FROM n FOR 2)
        ]) FROM generate_series(1, length(word)) AS n
        -- A long word has too many; trigrams see one wrong letter of it well enough.
        WHERE length(word) BETWEEN 4 AND 24
    ) AS slips (slip)
$slips$
"""

ACTS_FOR_ASSIGNED_ONLY = """
CREATE FUNCTION {schema}.acts_for_assigned_only() RETURNS boolean LANGUAGE sql STABLE
AS $assigned$
    SELECT EXISTS (
        SELECT FROM {schema}.accounts_user
        WHERE role = 'coordinator' AND id::text = current_setting('nexus.actor', true)
    )
$assigned$
"""

SEARCH_PATIENTS = r"""
CREATE FUNCTION {schema}.search_patients(
    names text, phones text[], code text, patient_number bigint, email text,
    born date[], maybe_born date[], with_archived boolean, max_rows integer
) RETURNS TABLE (patient_id uuid, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = {schema}, ext, pg_temp
SET plan_cache_mode = force_custom_plan
SET pg_trgm.word_similarity_threshold = 0.5
AS $search$
DECLARE
    folded text := fold_names(names, '', '', '');
    words text[] := string_to_array(btrim(folded), ' ');
    patterns text[] := ARRAY(SELECT '% ' || word || '%' FROM unnest(words) AS word);
    longest text := (SELECT word FROM unnest(words) AS word ORDER BY length(word) DESC LIMIT 1);
    allowed uuid[] := CASE WHEN acts_for_assigned_only() THEN ARRAY(
        SELECT a.patient_id FROM patients_coordinatorassignment a
        WHERE a.user_id::text = current_setting('nexus.actor', true)) END;
    slips text[];
    regexes text[];
    found integer;
BEGIN
    IF current_setting('rls.tenant_id')::int IS DISTINCT FROM {tenant_id} THEN
        RAISE EXCEPTION 'search_patients of clinic {tenant_id} was called in another scope'
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    IF phones <> '{{}}' OR code <> '' OR patient_number IS NOT NULL OR email <> ''
       OR born <> '{{}}' OR maybe_born <> '{{}}' THEN
        RETURN QUERY
        WITH hits (id, weight) AS (
            -- Constants, not a join with unnest(phones): ^@ finds its index by a constant only.
            SELECT c.patient_id, 2::real FROM patients_contactpoint c
            WHERE c.normalised ^@ phones[1] OR c.normalised ^@ phones[2]
            UNION ALL
            SELECT c.patient_id, 1::real FROM patients_contactpoint c
            WHERE length(phones[1]) >= 4 AND c.reversed ^@ reverse(phones[1])
            UNION ALL
            SELECT c.patient_id, 2 FROM patients_contactpoint c
            WHERE email <> '' AND c.normalised ^@ email
            UNION ALL
            SELECT i.patient_id, 2 FROM patients_patientidentifier i
            WHERE length(code) >= 3 AND i.normalised ^@ code
            UNION ALL
            SELECT p.id, 3 FROM patients_patient p WHERE p.number = patient_number
            UNION ALL
            SELECT p.id, 2 FROM patients_patient p WHERE p.date_of_birth = ANY (maybe_born)
            UNION ALL
            SELECT p.id, 2 FROM patients_patient p
            WHERE p.date_of_birth = ANY (born) AND phones = '{{}}' AND code = '' AND email = ''
        ), best AS (
            SELECT id, max(weight) AS weight FROM hits GROUP BY id LIMIT 5000
        )
        SELECT p.id, best.weight FROM best JOIN patients_patient p ON p.id = best.id
        WHERE (with_archived OR NOT p.is_archived)
           AND (allowed IS NULL OR p.id = ANY (allowed))
          AND (born = '{{}}' OR p.date_of_birth = ANY (born))
          AND (words = '{{}}' OR p.search_name LIKE ALL (patterns) OR folded <% p.search_name)
        ORDER BY best.weight DESC, p.sort_name, p.id
        LIMIT max_rows;
        RETURN;
    END IF;

    IF words = '{{}}' THEN
        RETURN;
    END IF;

    RETURN QUERY
    WITH candidates AS (
        (SELECT p.id, p.search_name, p.sort_name FROM patients_patient p
         WHERE p.sort_name ^@ (' ' || words[1]) AND p.search_name LIKE ALL (patterns)
           AND (with_archived OR NOT p.is_archived)
           AND (allowed IS NULL OR p.id = ANY (allowed))
         ORDER BY p.sort_name LIMIT max_rows)
        UNION
        (SELECT p.id, p.search_name, p.sort_name FROM patients_patient p
         WHERE p.search_name LIKE '% ' || longest || '%' AND p.search_name LIKE ALL (patterns)
           AND (with_archived OR NOT p.is_archived)
           AND (allowed IS NULL OR p.id = ANY (allowed))
         LIMIT 1000)
    )
    SELECT c.id, (1 + (
        SELECT count(*) FROM unnest(words) AS word
        WHERE c.search_name || ' ' LIKE '% ' || word || ' %'
    )::real / cardinality(words))::real AS score
    FROM candidates c ORDER BY score DESC, c.sort_name, c.id LIMIT max_rows;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found >= least(max_rows, 5) OR length(folded) < 4 THEN
        RETURN;
    END IF;

    -- One letter wrong, missing, added or swapped with the next: trigrams see that badly in a short
    -- word, so it is spelt out. The longest word leads through the index, the others are compared.
    regexes := ARRAY(
        SELECT ' (' || replace(array_to_string(misspellings(word), '|'), '_', '.') || ')'
        FROM unnest(words) AS word
    );
    slips := ARRAY(SELECT '% ' || slip || '%' FROM unnest(misspellings(longest)) AS slip);
    RETURN QUERY
    WITH candidates AS (
        (SELECT p.id, p.search_name, p.sort_name, 0.9 AS score FROM patients_patient p
         WHERE p.search_name LIKE ANY (slips) AND p.search_name ~ ALL (regexes)
           AND NOT p.search_name LIKE ALL (patterns) AND (with_archived OR NOT p.is_archived)
           AND (allowed IS NULL OR p.id = ANY (allowed))
         LIMIT 500)
        UNION ALL
        (SELECT p.id, p.search_name, p.sort_name, 0 FROM patients_patient p
         WHERE folded <% p.search_name
           AND NOT p.search_name LIKE ALL (patterns) AND (with_archived OR NOT p.is_archived)
           AND (allowed IS NULL OR p.id = ANY (allowed))
         LIMIT 2000)
    ), scored AS (
        SELECT DISTINCT ON (c.id) c.id, c.sort_name,
            (greatest(c.score, 0.8 * word_similarity(folded, c.search_name))
             + 0.05 * similarity(folded, c.search_name))::real AS score
        FROM candidates c ORDER BY c.id, c.score DESC
    )
    SELECT s.id, s.score FROM scored s
    ORDER BY s.score DESC, s.sort_name, s.id
    LIMIT max_rows - found;
END
$search$
"""

SEARCH_THROUGH_MERGES = (
    SEARCH_PATIENTS.replace(
        "RETURNS TABLE (patient_id uuid, rank real)", "RETURNS TABLE (found_id uuid, rank real)"
    )
    .replace(
        "CREATE FUNCTION {schema}.search_patients(", "CREATE FUNCTION {schema}.search_records("
    )
    .replace("'search_patients of clinic", "'search_records of clinic")
)
FOLLOW_MERGES = """
CREATE FUNCTION {schema}.search_patients(
    names text, phones text[], code text, patient_number bigint, email text,
    born date[], maybe_born date[], with_archived boolean, max_rows integer
) RETURNS TABLE (patient_id uuid, rank real)
LANGUAGE sql STABLE ROWS 50
AS $follow$
    SELECT f.goes_on, f.rank FROM (
        SELECT DISTINCT ON (coalesce(p.merged_into_id, p.id))
            coalesce(p.merged_into_id, p.id) AS goes_on, s.rank, s.place
        FROM {schema}.search_records($1, $2, $3, $4, $5, $6, $7, $8, $9)
            WITH ORDINALITY AS s (found_id, rank, place)
        JOIN {schema}.patients_patient p ON p.id = s.found_id
        ORDER BY coalesce(p.merged_into_id, p.id), s.place
    ) AS f ORDER BY f.place
$follow$
"""
"""What leads to a merged record leads to the one that goes on, once; under the caller's own policies."""

SEARCH_SIGNATURE = (
    "{schema}.search_patients(text, text[], text, bigint, text, date[], date[], boolean, integer)"
)
HAND_OVER_SEARCH = (
    "REVOKE ALL ON FUNCTION " + SEARCH_SIGNATURE + " FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION " + SEARCH_SIGNATURE + " TO nexus_app",
    "GRANT CREATE ON SCHEMA {schema} TO nexus_search",
    "ALTER FUNCTION " + SEARCH_SIGNATURE + " OWNER TO nexus_search",
    "REVOKE CREATE ON SCHEMA {schema} FROM nexus_search",
)
"""It runs as nexus_search, unbound by row-level security, so it checks the tenant itself."""


def assigned_only(table: str, column: str = "patient_id") -> tuple[str, str]:
    """Answer the statements that put up and take down the support coordinators' wall on a table.

    Beside the selectors: whatever query a coordinator's request sends, rows of participants who
    are not assigned to them do not exist. Both sub-selects are evaluated once per statement.

    Migrations written before `reach.py` use it; what comes since needs nothing: after the migrations
    each table with a patient gets the wall of `reach.py`, in this one's place too.
    """
    return (
        f"DROP POLICY IF EXISTS assigned_only ON {{schema}}.{table}; "  # noqa: S608 - names of our models
        f"CREATE POLICY assigned_only ON {{schema}}.{table} AS RESTRICTIVE FOR ALL TO nexus_app "
        "USING (NOT (SELECT {schema}.acts_for_assigned_only()) "
        f"OR {column} IN (SELECT a.patient_id FROM {{schema}}.patients_coordinatorassignment a "
        "WHERE a.user_id::text = (SELECT current_setting('nexus.actor', true))))",
        f"DROP POLICY assigned_only ON {{schema}}.{table}",
    )


class ClinicSQL(ScopeStatements):
    """Run statements with `{schema}` and `{tenant_id}` of the running scope filled in."""

    def __init__(self, forwards: Sequence[str], backwards: Sequence[str] = ()) -> None:
        self.forwards = forwards
        self.backwards = backwards

    def statements(self) -> list[str]:
        return self._filled(self.forwards)

    def statements_back(self) -> list[str]:
        return self._filled(self.backwards)

    def describe(self) -> str:
        return "Run SQL written for one clinic's schema"

    @staticmethod
    def _filled(statements: Sequence[str]) -> list[str]:
        scope = current_scope()
        return [
            statement.format(schema=f'"{scope.schema}"', tenant_id=scope.tenant_id)
            for statement in statements
        ]


FOLD_FORMER = r"""
CREATE FUNCTION {schema}.fold_former(extra jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $former$
    SELECT coalesce(string_agg(lower(ext.unaccent('ext.unaccent'::regdictionary, value)), E'\n'), '')
    FROM jsonb_each_text(extra)
$former$
"""
"""What the old system's fields of a row say, one value a line, unaccented and in lower case."""

_SEARCH_FORMER = r"""
CREATE FUNCTION {schema}.search_former_TABLE(words text[], max_rows integer)
RETURNS TABLE (person uuid, row_id uuid, label text, value text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
SET search_path = {schema}, ext, pg_temp
SET plan_cache_mode = force_custom_plan
AS $search$
DECLARE
    patterns text[] := ARRAY(
        SELECT '%' || regexp_replace(lower(unaccent('ext.unaccent'::regdictionary, word)),
                                     '([\\%_])', '\\\1', 'g') || '%'
        FROM unnest(words) AS word);
    longest text := (SELECT p FROM unnest(patterns) AS p ORDER BY length(p) DESC LIMIT 1);
    allowed uuid[] := CASE WHEN acts_for_assigned_only() THEN ARRAY(
        SELECT a.patient_id FROM patients_coordinatorassignment a
        WHERE a.user_id::text = current_setting('nexus.actor', true)) END;
BEGIN
    IF current_setting('rls.tenant_id')::int IS DISTINCT FROM {tenant_id} THEN
        RAISE EXCEPTION 'search_former_TABLE of clinic {tenant_id} was called in another scope'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY
    SELECT h.person, h.id, f.key, f.value
    FROM (
        SELECT t.PATIENT AS person, t.id, t.extra FROM TABLE t
        WHERE t.extra <> '{{}}' AND fold_former(t.extra) LIKE longest
          AND fold_former(t.extra) LIKE ALL (patterns) AND t.PATIENT IS NOT NULL
          AND (allowed IS NULL OR t.PATIENT = ANY (allowed))
        LIMIT max_rows
    ) AS h
    CROSS JOIN LATERAL (
        SELECT e.key, e.value FROM jsonb_each_text(h.extra) AS e
        WHERE lower(unaccent('ext.unaccent'::regdictionary, e.value)) LIKE ANY (patterns)
        ORDER BY e.key LIMIT 3
    ) AS f;
END
$search$
"""


def former_search(table: str, *, patient: str = "patient_id") -> ClinicSQL:
    """Make what a table's rows kept of the old system (`extra`) searchable; see `former.py`.

    A trigram index on the text of all values, and the one function that may use it past row-level
    security. Put it into a migration of the table's app that depends on patients 0007.
    """
    text = _SEARCH_FORMER.replace("TABLE t\n", f"{table} t\n").replace("t.PATIENT", f"t.{patient}")
    text = text.replace("search_former_TABLE", f"search_former_{table}")
    signature = f"{{schema}}.search_former_{table}(text[], integer)"
    return ClinicSQL(
        [
            f"CREATE INDEX {table}_former ON {{schema}}.{table} "
            "USING gin ({schema}.fold_former(extra) ext.gin_trgm_ops) WHERE extra <> '{{}}'",
            text,
            f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {signature} TO nexus_app",
            "GRANT CREATE ON SCHEMA {schema} TO nexus_search",
            f"ALTER FUNCTION {signature} OWNER TO nexus_search",
            "REVOKE CREATE ON SCHEMA {schema} FROM nexus_search",
        ],
        [f"DROP FUNCTION {signature}", f"DROP INDEX {{schema}}.{table}_former"],
    )
