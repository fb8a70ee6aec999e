"""The database links visits to referrals, so that however a visit is booked, it is counted."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL

LINK = """
CREATE FUNCTION {schema}.referrals_link(person uuid) RETURNS integer LANGUAGE plpgsql
AS $link$
DECLARE
    visit record;
    chosen uuid;
    linked integer := 0;
BEGIN
    FOR visit IN
        SELECT v.id, v.starts_at, (v.starts_at AT TIME ZONE 'Australia/Sydney')::date AS day
        FROM {schema}.appointments_appointment v
        WHERE v.patient_id = person
          AND v.status NOT IN ('cancelled', 'late_cancellation', 'did_not_attend')
          AND v.starts_at >= (
              SELECT min(coalesce(r.starts_on, r.referred_on)) FROM {schema}.referrals_referral r
              WHERE r.patient_id = person AND r.state = 'active') - interval '14 hours'
          AND NOT EXISTS (
              SELECT FROM {schema}.referrals_referralvisit l WHERE l.appointment_id = v.id)
        ORDER BY v.starts_at, v.id
    LOOP
        SELECT r.id INTO chosen
        FROM {schema}.referrals_referral r
        CROSS JOIN LATERAL (
            SELECT min(a.starts_at) AS first,
                count(*) FILTER (
                    WHERE r.counted = 'in_all'
                       OR extract(year FROM a.starts_at AT TIME ZONE 'Australia/Sydney')
                        = extract(year FROM visit.day)) AS used
            FROM {schema}.referrals_referralvisit l
            JOIN {schema}.appointments_appointment a ON a.id = l.appointment_id
            WHERE l.referral_id = r.id AND a.patient_id = person
              AND a.status NOT IN ('cancelled', 'late_cancellation', 'did_not_attend')
        ) AS counts
        WHERE r.patient_id = person AND r.state = 'active'
          AND visit.day >= coalesce(r.starts_on, r.referred_on)
          AND (r.sessions_allowed IS NULL OR counts.used + r.used_before < r.sessions_allowed)
          AND visit.day <= coalesce(
              r.expires_on,
              CASE r.anchor WHEN 'referred' THEN r.referred_on
                  ELSE coalesce((counts.first AT TIME ZONE 'Australia/Sydney')::date, visit.day) END
                  + make_interval(months => r.months::integer),
              visit.day)
        ORDER BY coalesce(r.starts_on, r.referred_on), r.id
        LIMIT 1;
        IF chosen IS NOT NULL THEN
            INSERT INTO {schema}.referrals_referralvisit (id, appointment_id, referral_id, chosen_by)
            VALUES (gen_random_uuid(), visit.id, chosen, '')
            ON CONFLICT (appointment_id) DO NOTHING;
            linked := linked + 1;
        END IF;
    END LOOP;
    RETURN linked;
END
$link$
"""

ON_NEW_VISITS = """
CREATE FUNCTION {schema}.referrals_on_new_visits() RETURNS trigger LANGUAGE plpgsql
AS $new$
BEGIN
    PERFORM {schema}.referrals_link(person.patient_id)
    FROM (
        SELECT DISTINCT n.patient_id FROM added n
        WHERE EXISTS (
            SELECT FROM {schema}.referrals_referral r
            WHERE r.patient_id = n.patient_id AND r.state = 'active')
    ) AS person;
    RETURN NULL;
END
$new$
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0001_initial")]

    operations = [
        ClinicSQL(
            [
                LINK,
                ON_NEW_VISITS,
                "CREATE TRIGGER referrals_on_new_visits "
                "AFTER INSERT ON {schema}.appointments_appointment "
                "REFERENCING NEW TABLE AS added FOR EACH STATEMENT "
                "EXECUTE FUNCTION {schema}.referrals_on_new_visits()",
            ],
            [
                "DROP TRIGGER referrals_on_new_visits ON {schema}.appointments_appointment",
                "DROP FUNCTION {schema}.referrals_on_new_visits()",
                "DROP FUNCTION {schema}.referrals_link(uuid)",
            ],
        )
    ]
