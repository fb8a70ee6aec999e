"""What the database itself holds about notes: who reads them, and that signed text stays."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL, assigned_only

READS_NOTES = """
CREATE FUNCTION {schema}.reads_notes() RETURNS boolean LANGUAGE sql STABLE
AS $reads$
    SELECT NOT EXISTS (
        SELECT FROM {schema}.accounts_user
        WHERE role IN ('reception', 'billing', 'coordinator')
          AND id::text = current_setting('nexus.actor', true)
    )
$reads$
"""

CLINICIANS_ONLY = (
    "CREATE POLICY clinicians_only ON {{schema}}.{table} AS RESTRICTIVE FOR ALL TO nexus_app "
    "USING ((SELECT {{schema}}.reads_notes()))"
)

KEEP_SIGNED = """
CREATE FUNCTION {schema}.notes_keep_signed() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Nobody here signed it: it was written elsewhere.
        NEW.is_imported := NEW.is_imported OR (NEW.state <> 'draft' AND NEW.version = 0);
        RETURN NEW;
    END IF;
    IF NEW.is_imported <> OLD.is_imported THEN
        RAISE EXCEPTION 'Whether note % was imported does not change.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'draft' OR OLD.is_imported
       OR (NEW.state <> 'draft'
           AND (NEW.title, NEW.kind, NEW.body, NEW.sections, NEW.author_name, NEW.noted_at)
               IS NOT DISTINCT FROM
               (OLD.title, OLD.kind, OLD.body, OLD.sections, OLD.author_name, OLD.noted_at))
       OR (NEW.state = 'amended' AND NEW.version = OLD.version + 1 AND EXISTS (
           SELECT FROM {schema}.notes_noteversion v
           WHERE v.note_id = OLD.id AND v.number = OLD.version
             AND v.body = OLD.body AND v.sections = OLD.sections)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Note % is signed: it is changed by an amendment only.', OLD.id
        USING ERRCODE = 'restrict_violation';
END
$keep$
"""

KEEP_VERSIONS = """
CREATE FUNCTION {schema}.notes_keep_versions() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    -- An account may go; what its owner wrote stays.
    IF NEW.author_id IS NULL THEN
        OLD.author_id := NULL;
    END IF;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'Version % of note % is never changed.', OLD.number, OLD.note_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""

ASSIGNED_UP, ASSIGNED_DOWN = assigned_only("notes_note")


class Migration(migrations.Migration):
    dependencies = [("notes", "0001_initial"), ("patients", "0003_assigned_only")]

    operations = [
        ClinicSQL(
            [
                READS_NOTES,
                ASSIGNED_UP,
                CLINICIANS_ONLY.format(table="notes_note"),
                CLINICIANS_ONLY.format(table="notes_noteversion"),
                KEEP_SIGNED,
                "CREATE TRIGGER notes_keep_signed BEFORE INSERT OR UPDATE ON {schema}.notes_note "
                "FOR EACH ROW EXECUTE FUNCTION {schema}.notes_keep_signed()",
                KEEP_VERSIONS,
                "CREATE TRIGGER notes_keep_versions BEFORE UPDATE ON {schema}.notes_noteversion "
                "FOR EACH ROW EXECUTE FUNCTION {schema}.notes_keep_versions()",
            ],
            [
                "DROP TRIGGER notes_keep_versions ON {schema}.notes_noteversion",
                "DROP FUNCTION {schema}.notes_keep_versions()",
                "DROP TRIGGER notes_keep_signed ON {schema}.notes_note",
                "DROP FUNCTION {schema}.notes_keep_signed()",
                "DROP POLICY clinicians_only ON {schema}.notes_noteversion",
                "DROP POLICY clinicians_only ON {schema}.notes_note",
                ASSIGNED_DOWN,
                "DROP FUNCTION {schema}.reads_notes()",
            ],
        )
    ]
