"""The one function by which a clinic's figures leave its schema.

It answers counts, sizes, states and moments: no name, no text somebody has written, no id of a person.
It runs with its owner's rights in a scope of the clinic only, and nobody else may run it: not the
operators' role, which has no way into the schema, and not the web role.
"""

from __future__ import annotations

CLINIC_FIGURES = """
CREATE OR REPLACE FUNCTION {schema}.clinic_figures() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {schema}, ext, pg_temp
AS $figures$
BEGIN
    IF current_setting('rls.tenant_id')::int IS DISTINCT FROM {tenant_id} THEN
        RAISE EXCEPTION 'clinic_figures of clinic {tenant_id} was called in another scope'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN jsonb_build_object(
        'users', (SELECT count(*) FROM accounts_user WHERE is_active AND invited_at IS NULL),
        'invited', (SELECT count(*) FROM accounts_user WHERE is_active AND invited_at IS NOT NULL),
        'patients', (SELECT count(*) FROM patients_patient WHERE NOT is_archived),
        'clinicians', (SELECT count(*) FROM practice_practitioner WHERE is_active),
        'locations', (SELECT count(*) FROM practice_location WHERE is_active),
        'appointments', (SELECT count(*) FROM appointments_appointment
            WHERE created_at > now() - interval '30 days'),
        'last_activity', (SELECT max(last_seen_at) FROM accounts_session WHERE user_id IS NOT NULL),
        'tables_bytes', (SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
            WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind IN ('r', 'm')),
        'files', (SELECT count(*) FROM documents_document WHERE storage_key <> '')
            + (SELECT count(*) FROM threads_attachment),
        'files_bytes', coalesce((SELECT sum(size) FROM documents_document WHERE storage_key <> ''), 0)
            + coalesce((SELECT sum(size) FROM threads_attachment), 0)
            + coalesce((SELECT sum(received) FROM imports_importsource
                        WHERE state IN ('receiving', 'received', 'staged')), 0)
            + coalesce((SELECT sum(size) FROM takeout_takeout WHERE size IS NOT NULL), 0),
        'last_import', (SELECT max(coalesce(loaded_at, created_at)) FROM imports_importrun),
        'imports', coalesce((SELECT jsonb_agg(to_jsonb(r) ORDER BY r.created_at DESC) FROM (
            SELECT i.id, i.state, i.failed_in, i.created_at, i.loaded_at, p.started_at, p.heartbeat_at,
                p.done, p.total, p.attempt, p.lines -> -1 -> 'number' AS phase
            FROM imports_importrun i LEFT JOIN imports_runprogress p ON p.run_id = i.id
            ORDER BY i.created_at DESC LIMIT 5) r), '[]'),
        'integrations', coalesce((SELECT jsonb_agg(to_jsonb(c) ORDER BY c.provider) FROM (
            SELECT provider, state, problem_at, last_success_at, paused_until
            FROM connections_connection WHERE state IN ('live', 'broken')) c), '[]'),
        'queue', (SELECT count(*) FROM connections_outboxentry
            WHERE state IN ('waiting', 'sending') AND not_before <= now()),
        'queue_since', (SELECT min(not_before) FROM connections_outboxentry
            WHERE state = 'waiting' AND not_before <= now()),
        'inbox_since', (SELECT min(received_at) FROM connections_inboxevent WHERE handled_at IS NULL),
        'sent_day', (SELECT count(*) FROM connections_outboxentry
            WHERE state = 'sent' AND changed_at > now() - interval '1 day'),
        'failed_day', (SELECT count(*) FROM connections_outboxentry
            WHERE state IN ('failed', 'unclear') AND changed_at > now() - interval '1 day'),
        'unsealed', (SELECT count(*) FROM audit_queue),
        'unsealed_since', (SELECT at FROM audit_event
            WHERE id = (SELECT min(event_id) FROM audit_queue)),
        'sealed_at', (SELECT sealed_at FROM audit_seal ORDER BY n DESC LIMIT 1)
    );
END
$figures$
"""

NOBODY_ELSE_RUNS_IT = "REVOKE ALL ON FUNCTION {schema}.clinic_figures() FROM PUBLIC"
TAKE_AWAY = "DROP FUNCTION {schema}.clinic_figures()"
