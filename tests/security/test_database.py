"""What somebody who can make the web server send any SQL gets of the clinic next door.

Against an attacker who writes whole statements, the policies' setting is not a secret (he can set it):
that is what parameters are for, see test_source.py. These tests hold what must hold even so, and what
a slip of our own code could do.
"""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors, sql

from tenants.isolation import check_isolation
from tenants.roles import CLOSED_FUNCTIONS
from tests.security.conftest import SECRET

DENIED = (errors.InsufficientPrivilege, errors.UndefinedFunction, errors.UndefinedFile)


def _relations(superuser, schema: str, kinds: str) -> list[str]:
    rows = superuser.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace "
        "AND relkind = ANY (%s) ORDER BY 1",
        [schema, list(kinds)],
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE nexus_owner",
        "SET ROLE nexus_search",
        "SET ROLE nexus_backup",
        "SET ROLE nexus_platform",
        "SET SESSION AUTHORIZATION nexus_owner",
        "ALTER ROLE nexus_app BYPASSRLS",
        "ALTER ROLE nexus_app SUPERUSER",
        "GRANT nexus_owner TO nexus_app",
        "ALTER ROLE nexus_app SET rls.tenant_id = '2'",
        "SET session_replication_role = replica",
        "CREATE SCHEMA mine",
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE VIEW mine AS SELECT 1",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE FUNCTION ext.unaccent(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
        "CREATE OPERATOR ext.= (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION postgres_fdw",
        "CREATE PUBLICATION leak FOR ALL TABLES",
        "CREATE EVENT TRIGGER leak ON ddl_command_start EXECUTE FUNCTION pg_catalog.now()",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_binary_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT pg_stat_file('/etc/passwd')",
        "SELECT pg_current_logfile()",
        "SELECT pg_logical_slot_get_changes('x', NULL, NULL)",
        "SELECT * FROM pg_hba_file_rules",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_largeobject",
        "COPY (SELECT 1) TO '/tmp/leak'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "COPY patients_patient FROM PROGRAM 'id'",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_export(1, '/tmp/leak')",
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'kept outside every wall')",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_cancel_backend(1)",
        "SELECT query FROM pg_stat_activity",
        "SELECT pg_stat_get_backend_activity(1)",
        "SELECT dblink_connect('host=localhost')",
    ],
)
def test_the_webs_role_may_not(as_app, statement):
    with pytest.raises(DENIED):
        as_app.ask(statement)


def test_nothing_in_the_catalogue_lets_the_webs_role_create_or_own(superuser):
    owned = superuser.execute(
        "SELECT relname FROM pg_class WHERE relowner = 'nexus_app'::regrole "
        "UNION ALL SELECT proname FROM pg_proc WHERE proowner = 'nexus_app'::regrole "
        "UNION ALL SELECT oid::text FROM pg_largeobject_metadata"
    ).fetchall()
    creatable = superuser.execute(
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege('nexus_app', oid, 'CREATE')"
    ).fetchall()

    assert (owned, creatable) == ([], [])


def test_the_statement_another_worker_runs_is_not_shown(as_app, another_app):
    another_app.raw.execute(f"SELECT '{SECRET}' AS name")

    with pytest.raises(errors.InsufficientPrivilege):
        as_app.ask("TABLE pg_stat_activity")
    assert SECRET not in str(as_app.ask("TABLE pg_locks", "TABLE pg_stat_database"))


def test_functions_that_reach_other_sessions_stay_with_the_administrator(superuser):
    for function in CLOSED_FUNCTIONS:
        assert superuser.execute(
            "SELECT has_function_privilege('nexus_app', %s, 'EXECUTE'), "
            "has_function_privilege('nexus_platform', %s, 'EXECUTE'), "
            "has_function_privilege('nexus_owner', %s, 'EXECUTE')",
            [f"pg_catalog.{function}"] * 3,
        ).fetchone() == (False, False, False), function


# ── the neighbour's rows ─────────────────────────────────────────────────────────────────────────


def test_every_table_next_door_is_empty_by_every_way_of_reading(
    treasure, as_app, superuser, alpha, beta
):
    tables = _relations(superuser, beta.schema_name, "rpvm")
    assert "patients_patient" in tables

    for name in tables:
        table = sql.Identifier(beta.schema_name, name)
        for form in (
            "SELECT 1 FROM {} LIMIT 1",
            "SELECT 1 FROM ONLY {} LIMIT 1",
            "SELECT 1 FROM {} TABLESAMPLE SYSTEM (100) LIMIT 1",
            "SELECT 1 FROM {} FOR UPDATE LIMIT 1",
            "WITH taken AS (DELETE FROM {} RETURNING 1) SELECT * FROM taken",
        ):
            try:
                rows = as_app.ask(sql.SQL(form).format(table))
            except psycopg.Error:
                continue
            assert rows == [], (form, name)


def test_copy_out_takes_the_policy_along(treasure, as_app):
    with as_app.raw.transaction(force_rollback=True):
        as_app.enter(as_app.clinic)
        copying = f"COPY {treasure.schema}.patients_patient TO STDOUT"
        with as_app.raw.cursor() as cursor, cursor.copy(copying) as copy:
            assert b"".join(copy) == b""


def test_copy_in_is_refused(treasure, as_app):
    with pytest.raises(errors.FeatureNotSupported):
        as_app.ask(f"COPY {treasure.schema}.patients_patient (id) FROM STDIN")


@pytest.mark.parametrize(
    "games",
    [
        ["SELECT set_config('search_path', '{beta}, ext', true)"],
        ["SET LOCAL search_path = {beta}"],
        ["SELECT set_config('search_path', '', true)"],
        ["SAVEPOINT s", "SET LOCAL search_path = {beta}", "RELEASE SAVEPOINT s"],
        ["PREPARE theft AS SELECT family_name FROM {beta}.patients_patient", "EXECUTE theft"],
        ["DECLARE theft CURSOR WITH HOLD FOR SELECT * FROM {beta}.patients_patient"],
        ["SELECT query_to_xml('SELECT * FROM {beta}.patients_patient', true, false, '')"],
        ["DO $$ BEGIN PERFORM 1 FROM {beta}.patients_patient; IF FOUND THEN RAISE 'seen'; END IF; END $$"],
    ],
    ids=lambda games: games[-1][:40],
)  # fmt: skip
def test_the_other_schema_alone_shows_nothing(treasure, as_app, games):
    statements = [game.format(beta=treasure.schema) for game in games]

    rows = as_app.ask(*statements, f"SELECT family_name FROM {treasure.schema}.patients_patient")

    assert rows == []


@pytest.mark.parametrize(
    "game",
    [
        "SET LOCAL row_security = off",
        "RESET ALL",
        "SELECT set_config('rls.tenant_id', '', true)",
        "SELECT set_config('rls.tenant_id', '2 OR true', true)",
        "RESET rls.tenant_id",
    ],
)
def test_a_setting_that_names_no_clinic_fails_loudly(treasure, as_app, game):
    with pytest.raises((errors.InsufficientPrivilege, errors.InvalidTextRepresentation)):
        as_app.ask(game, f"SELECT family_name FROM {treasure.schema}.patients_patient")


def test_the_right_number_with_the_wrong_schema_writes_nothing(treasure, as_app, alpha, beta):
    with pytest.raises(errors.CheckViolation):
        as_app.ask(
            f"SET LOCAL rls.tenant_id = '{beta.pk}'",
            f"INSERT INTO {alpha.schema_name}.practice_location "
            f"SELECT * FROM {beta.schema_name}.practice_location",
        )


def test_a_session_that_was_poisoned_still_serves_the_clinic_of_its_scope(treasure, alpha, beta):
    from django.db import connection

    from clinical.patients.models import Patient
    from tenants.scope import tenant_scope

    with tenant_scope(alpha), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, false)", [beta.schema_name])
        cursor.execute("SELECT set_config('rls.tenant_id', %s, false)", [str(beta.pk)])
    with tenant_scope(alpha):
        Patient.objects.create(family_name="Ours")
        assert list(Patient.objects.values_list("family_name", flat=True)) == ["Ours"]
    connection.close()


def test_a_stray_commit_ends_the_scope_and_not_the_wall(treasure, alpha):
    from django.db import Error, connection

    from clinical.patients.models import Patient
    from tenants.scope import tenant_scope

    def commit_within_a_scope():
        with tenant_scope(alpha):
            connection.cursor().execute("COMMIT")
            return list(Patient.objects.all())

    with pytest.raises(Error):
        commit_within_a_scope()
    connection.close()


# ── what is told about rows that are not shown ───────────────────────────────────────────────────


def test_statistics_do_not_show_the_neighbours_values(treasure, as_app, superuser, beta):
    superuser.execute(f"ANALYZE {beta.schema_name}.patients_patient")
    seen = superuser.execute(
        "SELECT count(*) FROM pg_stats WHERE schemaname = %s AND most_common_vals::text ~ %s "
        "OR histogram_bounds::text ~ %s",
        [beta.schema_name, SECRET, SECRET],
    ).fetchone()

    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
        assert as_app.ask(f"SELECT * FROM {view} WHERE schemaname = '{beta.schema_name}'") == [], (
            view
        )
    assert seen is not None


def test_an_execution_plan_quotes_no_value_of_the_neighbours(treasure, as_app, superuser, beta):
    superuser.execute(f"ANALYZE {beta.schema_name}.patients_patient")

    plan = as_app.ask(
        "EXPLAIN (ANALYZE, VERBOSE, BUFFERS) "
        f"SELECT * FROM {beta.schema_name}.patients_patient WHERE family_name = 'x'"
    )

    assert SECRET not in str(plan)
    assert "rows=1 loops=1)" not in str([line for line in plan if "patients_patient" in line[0]])


def test_an_error_about_a_row_does_not_quote_it(treasure, as_app, beta):
    patient, schema = treasure.patient, treasure.schema
    for statement in (
        # The primary key of the neighbour's row, and a reference to it.
        f"INSERT INTO {schema}.patients_patient (id, family_name, tenant_id) "
        f"VALUES ('{patient.pk}', 'Mine', {beta.pk})",
        f"INSERT INTO patients_contactpoint (id, patient_id, kind, value) "
        f"VALUES (gen_random_uuid(), '{patient.pk}', 'email', 'x@y.example')",
        f"UPDATE {schema}.patients_patient SET family_name = 'Mine' "
        f"WHERE (1 / (family_name = '{SECRET}')::int) = 1 RETURNING family_name",
    ):
        try:
            rows = as_app.ask(statement)
        except psycopg.Error as error:
            told = f"{error} {error.diag.message_detail} {error.diag.context}"
            assert SECRET not in told
            assert "division by zero" not in told
        else:
            assert rows == []


def test_a_function_with_side_effects_never_sees_the_neighbours_rows(treasure, as_app):
    """The policy must be asked before any condition that could tell."""
    rows = as_app.ask(
        f"SELECT 1 FROM {treasure.schema}.patients_patient "
        "WHERE set_config('nexus.request_id', family_name, true) <> ''",
        "SELECT current_setting('nexus.request_id', true)",
    )

    assert SECRET not in str(rows)


# ── sequences, functions, locks ──────────────────────────────────────────────────────────────────


def test_no_sequence_tells_how_many_there_are(as_app, superuser, alpha, beta):
    for clinic in (alpha, beta):
        names = _relations(superuser, clinic.schema_name, "S")
        assert "patients_patient_number" in names
        for name in names:
            sequence = f'{clinic.schema_name}."{name}"'
            for statement in (
                f"SELECT last_value FROM {sequence}",
                f"SELECT nextval('{sequence}')",
                f"SELECT setval('{sequence}', 1)",
            ):
                with pytest.raises(errors.InsufficientPrivilege):
                    as_app.ask(statement)
    shown = as_app.ask("SELECT last_value FROM pg_sequences WHERE last_value IS NOT NULL")
    assert shown == []


def _definers(superuser, schema: str) -> list[tuple[str, str]]:
    """Answer each definer function the app may call, with a call of it made of plausible values."""
    values = {
        "text": "'a'", "text[]": "ARRAY['a']", "bigint": "1", "integer": "1", "boolean": "true",
        "date[]": "ARRAY[]::date[]", "uuid": "gen_random_uuid()", "uuid[]": "ARRAY[]::uuid[]",
        "jsonb": "'{}'::jsonb", "date": "current_date",
    }  # fmt: skip
    rows = superuser.execute(
        "SELECT p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) "
        "FROM pg_proc p WHERE pronamespace = %s::regnamespace AND prosecdef "
        "AND has_function_privilege('nexus_app', p.oid, 'EXECUTE')",
        [schema],
    ).fetchall()
    return [(name, f"{name}({', '.join(values[kind] for kind in kinds)})") for name, kinds in rows]


def test_every_definer_function_next_door_is_shut(treasure, as_app, superuser, beta):
    calls = dict(_definers(superuser, beta.schema_name))
    assert {"search_records", "audit_record", "next_patient_number"} <= set(calls)

    for name, call in calls.items():
        try:
            rows = as_app.ask(f"SELECT * FROM {beta.schema_name}.{call}")
        except (errors.InsufficientPrivilege, errors.NoDataFound):
            continue
        assert rows == [], name


def test_a_definer_function_of_ours_cannot_be_turned_on_the_neighbour(treasure, as_app, alpha):
    rows = as_app.ask(
        f"SET LOCAL search_path = {treasure.schema}, pg_temp",
        f"SELECT * FROM {alpha.schema_name}.search_patients("
        f"'{SECRET}', '{{}}', '', NULL, '', '{{}}', '{{}}', true, 10)",
    )

    assert rows == []


def test_the_search_of_another_clinic_does_not_answer(treasure, as_app):
    call = (
        f"SELECT * FROM {treasure.schema}.search_patients("
        f"'{SECRET}', '{{}}', '', NULL, '', '{{}}', '{{}}', true, 10)"
    )

    with pytest.raises(errors.InsufficientPrivilege, match="another scope"):
        as_app.ask(call)


@pytest.mark.parametrize(
    "call",
    [
        "public.audit_erase_payload(1, 'to hide it')",
        "public.audit_seal_batch(1000)",
        "public.audit_record('sign_in.ok', 'accounts_user', '', '', 'ok', NULL)",
    ],
)
def test_a_clinic_cannot_touch_the_platforms_own_trail(as_app, call):
    with pytest.raises(errors.InsufficientPrivilege):
        as_app.ask(f"SELECT {call}")


def test_nobodys_trail_can_be_edited(as_app, superuser, alpha):
    for table in _relations(superuser, alpha.schema_name, "rp"):
        if not table.startswith("audit_"):
            continue
        for verb in ("UPDATE {} SET tenant_id = tenant_id", "DELETE FROM {}", "TRUNCATE {}"):
            with pytest.raises(errors.InsufficientPrivilege):
                as_app.ask("SET LOCAL nexus.audit_takes = 'audit_queue'", verb.format(table))


# ── the platform's own tables ────────────────────────────────────────────────────────────────────


def test_who_the_other_clinics_are_is_not_shown_inside_a_clinic(as_app, superuser):
    for table in _relations(superuser, "public", "rpvm"):
        try:
            rows = as_app.ask(f'SELECT 1 FROM public."{table}" LIMIT 1')
        except errors.InsufficientPrivilege:
            continue
        assert rows == [], table


def test_the_web_may_touch_these_shared_tables_and_no_more(superuser):
    open_to_app = superuser.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace "
        "AND c.relkind IN ('r', 'p', 'v', 'm') "
        "AND has_any_column_privilege('nexus_app', c.oid, 'SELECT, INSERT, UPDATE') ORDER BY 1"
    ).fetchall()

    assert [row[0] for row in open_to_app] == [
        "announcements_announcement",
        "backups_backup",
        "backups_drill",
        "backups_selfcheck",
        "signup_signup",
        "support_desk_case",
        "tenants_datakey",
        "tenants_domain",
        "tenants_job",
        "tenants_migrationhead",
        "tenants_tenant",
        "tenants_vendorbinding",
    ]


def test_the_operators_role_sees_no_clinic_and_writes_nothing_the_owner_runs(
    treasure, as_platform, beta
):
    refused = (
        f"SELECT 1 FROM {beta.schema_name}.patients_patient",
        f"SELECT * FROM {beta.schema_name}.audit_event",
        f"SET LOCAL search_path = {beta.schema_name}; SELECT 1 FROM patients_patient",
        "UPDATE public.tenants_schemascript SET sql = 'GRANT nexus_owner TO nexus_platform'",
        "DELETE FROM public.tenants_migrationhead",
        "DELETE FROM public.audit_event",
        "SET ROLE nexus_owner",
        "TABLE pg_stat_activity",
    )
    for statement in refused:
        with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedTable)):
            as_platform.ask(statement)


@pytest.mark.parametrize(
    ("opened", "closed", "finding"),
    [
        ("GRANT EXECUTE ON FUNCTION pg_stat_get_activity(int) TO PUBLIC",
         "REVOKE EXECUTE ON FUNCTION pg_stat_get_activity(int) FROM PUBLIC", "other sessions"),
        ("GRANT USAGE ON SEQUENCE {schema}.patients_patient_number TO nexus_app",
         "REVOKE USAGE ON SEQUENCE {schema}.patients_patient_number FROM nexus_app", "a sequence"),
        ("ALTER TABLE signup_signup DISABLE ROW LEVEL SECURITY",
         "ALTER TABLE signup_signup ENABLE ROW LEVEL SECURITY", "signup_signup"),
        ("GRANT EXECUTE ON FUNCTION public.audit_erase_payload(bigint, text) TO nexus_app",
         "REVOKE EXECUTE ON FUNCTION public.audit_erase_payload(bigint, text) FROM nexus_app",
         "audit_erase_payload"),
        ("GRANT UPDATE ON tenants_schemascript TO nexus_platform",
         "REVOKE UPDATE ON tenants_schemascript FROM nexus_platform", "tenants_schemascript"),
        ("ALTER ROLE nexus_app IN DATABASE {database} SET search_path = {schema}",
         "ALTER ROLE nexus_app IN DATABASE {database} RESET search_path", "presets"),
    ],
    ids=lambda words: words[:40],
)  # fmt: skip
@pytest.mark.django_db(databases=["default", "owner", "platform"])
def test_a_door_left_open_is_found(beta, superuser, opened, closed, finding):
    names = {"schema": beta.schema_name, "database": superuser.info.dbname}
    superuser.execute(opened.format(**names))
    try:
        findings = check_isolation().findings
    finally:
        superuser.execute(closed.format(**names))

    assert [found for found in findings if finding in found]


def test_a_schema_name_pointed_at_the_neighbour_opens_nothing(treasure, as_app, alpha, beta):
    """Whoever could edit `tenants_tenant` and swap two schemas would meet the second wall."""
    rows = as_app.ask(
        f"SET LOCAL search_path = {beta.schema_name}, ext", "SELECT 1 FROM patients_patient"
    )

    assert rows == []
