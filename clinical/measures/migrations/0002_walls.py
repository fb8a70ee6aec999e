"""What the database itself holds: who reads measures, and that what is complete stays as it is."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

KEEP_COMPLETE = """
CREATE FUNCTION {schema}.measures_keep_complete() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    -- An account may go; what its owner measured stays.
    IF OLD.state <> 'draft' AND (
        NEW.state = 'draft'
        OR (OLD.state <> 'complete' AND NEW.state <> OLD.state)
        OR (NEW.code, NEW.instrument_version, NEW.answers, NEW.note, NEW.score, NEW.subscores,
            NEW.band, NEW.taken_on, NEW.completed_at, NEW.author_name, NEW.by_patient, NEW.reason,
            NEW.replaces_id, NEW.has_alert)
           IS DISTINCT FROM
           (OLD.code, OLD.instrument_version, OLD.answers, OLD.note, OLD.score, OLD.subscores,
            OLD.band, OLD.taken_on, OLD.completed_at, OLD.author_name, OLD.by_patient, OLD.reason,
            OLD.replaces_id, OLD.has_alert)
    ) THEN
        RAISE EXCEPTION 'Assessment % is complete: it is corrected by another one only.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""

READS_MEASURES = """
CREATE FUNCTION {schema}.reads_measures() RETURNS boolean LANGUAGE sql STABLE
AS $reads$
    SELECT NOT EXISTS (
        SELECT FROM {schema}.accounts_user
        WHERE role IN ('reception', 'billing', 'coordinator')
          AND id::text = current_setting('nexus.actor', true)
    )
$reads$
"""
"""Reception sends the links and sees that they were answered; it never sees an answer or a score."""

ASSESSMENTS_UP, ASSESSMENTS_DOWN = assigned_only("measures_assessment")
LINKS_UP, LINKS_DOWN = assigned_only("measures_patientlink")


class Migration(migrations.Migration):
    dependencies = [("measures", "0001_initial"), ("patients", "0003_assigned_only")]

    operations = [
        ClinicSQL(
            [
                READS_MEASURES,
                ASSESSMENTS_UP,
                LINKS_UP,
                "CREATE POLICY clinicians_only ON {schema}.measures_assessment AS RESTRICTIVE "
                "FOR ALL TO nexus_app USING ((SELECT {schema}.reads_measures()))",
                KEEP_COMPLETE,
                "CREATE TRIGGER measures_keep_complete BEFORE UPDATE ON "
                "{schema}.measures_assessment FOR EACH ROW "
                "EXECUTE FUNCTION {schema}.measures_keep_complete()",
            ],
            [
                "DROP TRIGGER measures_keep_complete ON {schema}.measures_assessment",
                "DROP FUNCTION {schema}.measures_keep_complete()",
                "DROP POLICY clinicians_only ON {schema}.measures_assessment",
                LINKS_DOWN,
                ASSESSMENTS_DOWN,
                "DROP FUNCTION {schema}.reads_measures()",
            ],
        )
    ]
