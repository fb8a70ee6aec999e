"""What the database itself holds about templates and co-signing."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL

KEEP_SIGNED = """
CREATE OR REPLACE FUNCTION {schema}.notes_keep_signed() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Nobody here signed it: it was written elsewhere.
        NEW.is_imported := NEW.is_imported OR (NEW.state <> 'draft' AND NEW.version = 0);
    ELSIF NEW.is_imported <> OLD.is_imported THEN
        RAISE EXCEPTION 'Whether note % was imported does not change.', OLD.id
            USING ERRCODE = 'restrict_violation';
    ELSIF NOT (OLD.state = 'draft' OR OLD.is_imported
       OR (NEW.state <> 'draft'
           AND (NEW.title, NEW.kind, NEW.body, NEW.sections, NEW.template_version_id,
                NEW.author_name, NEW.noted_at)
               IS NOT DISTINCT FROM
               (OLD.title, OLD.kind, OLD.body, OLD.sections, OLD.template_version_id,
                OLD.author_name, OLD.noted_at))
       OR (NEW.state = 'amended' AND NEW.version = OLD.version + 1
           AND NEW.template_version_id IS NOT DISTINCT FROM OLD.template_version_id
           AND EXISTS (
           SELECT FROM {schema}.notes_noteversion v
           WHERE v.note_id = OLD.id AND v.number = OLD.version
             AND v.body = OLD.body AND v.sections = OLD.sections))) THEN
        RAISE EXCEPTION 'Note % is signed: it is changed by an amendment only.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.cosign = 'done' AND OLD.cosign IS DISTINCT FROM 'done' AND NOT EXISTS (
        SELECT FROM {schema}.notes_notereview r
        WHERE r.note_id = NEW.id AND r.number = NEW.version AND r.outcome = 'cosigned'
          AND r.reviewer_name = NEW.cosigned_by AND r.created_at = NEW.cosigned_at) THEN
        RAISE EXCEPTION 'Nobody has co-signed version % of note %.', NEW.version, NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version AND (
        (OLD.cosign = 'done' AND (NEW.cosign, NEW.cosigned_by, NEW.cosigned_at)
            IS DISTINCT FROM (OLD.cosign, OLD.cosigned_by, OLD.cosigned_at))
        OR (OLD.cosign <> '' AND NEW.cosign = '')) THEN
        RAISE EXCEPTION 'The co-sign of note % is not taken back.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""

KEEP_REVIEWS = """
CREATE FUNCTION {schema}.notes_keep_reviews() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM {schema}.notes_note n WHERE n.id = NEW.note_id
                   AND (n.version <> NEW.number OR n.state = 'draft'
                        OR n.author_id = NEW.reviewer_id)) THEN
            RAISE EXCEPTION 'Note % is not for % to review.', NEW.note_id, NEW.reviewer_name
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    -- An account may go; what its owner said stays.
    IF NEW.reviewer_id IS NULL THEN
        OLD.reviewer_id := NULL;
    END IF;
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'What was said to note % is never changed.', OLD.note_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""

KEEP_TEMPLATES = """
CREATE FUNCTION {schema}.notes_keep_templates() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    IF NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'Version % of template % is never changed.', OLD.number, OLD.template_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$keep$
"""


class Migration(migrations.Migration):
    dependencies = [("notes", "0005_templates_and_cosign")]

    operations = [
        ClinicSQL(
            [
                "CREATE POLICY clinicians_only ON {schema}.notes_notereview AS RESTRICTIVE "
                "FOR ALL TO nexus_app USING ((SELECT {schema}.reads_notes()))",
                KEEP_SIGNED,
                KEEP_REVIEWS,
                "CREATE TRIGGER notes_keep_reviews BEFORE INSERT OR UPDATE "
                "ON {schema}.notes_notereview "
                "FOR EACH ROW EXECUTE FUNCTION {schema}.notes_keep_reviews()",
                KEEP_TEMPLATES,
                "CREATE TRIGGER notes_keep_templates BEFORE UPDATE "
                "ON {schema}.notes_notetemplateversion "
                "FOR EACH ROW EXECUTE FUNCTION {schema}.notes_keep_templates()",
            ],
        )
    ]
