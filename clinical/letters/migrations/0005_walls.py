"""What the database itself holds about letters: a final one stays as it is, with its copies."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL

KEEP_FINAL = """
CREATE FUNCTION {schema}.letters_keep_final() RETURNS trigger LANGUAGE plpgsql
AS $keep$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- Nobody here made it final: it was written elsewhere.
        NEW.is_imported := NEW.is_imported OR (NEW.state <> 'draft' AND NEW.finalised_at IS NULL);
        RETURN NEW;
    END IF;
    IF NEW.is_imported <> OLD.is_imported THEN
        RAISE EXCEPTION 'Whether letter % was imported does not change.', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'draft' OR OLD.is_imported
       OR (NEW.state <> 'draft'
           AND (NEW.recipient, NEW.subject, NEW.body, NEW.letter_date, NEW.practitioner_id,
                NEW.location_id, NEW.author_name, NEW.finalised_at, NEW.version)
               IS NOT DISTINCT FROM
               (OLD.recipient, OLD.subject, OLD.body, OLD.letter_date, OLD.practitioner_id,
                OLD.location_id, OLD.author_name, OLD.finalised_at, OLD.version)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'Letter % is final: it is corrected by another letter only.', OLD.id
        USING ERRCODE = 'restrict_violation';
END
$keep$
"""

KEEP_COPIES = """
CREATE FUNCTION {schema}.letters_keep_copies() RETURNS trigger LANGUAGE plpgsql
AS $keep$
DECLARE
    asked uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.letter_id ELSE NEW.letter_id END;
BEGIN
    IF EXISTS (SELECT FROM {schema}.letters_letter l
               WHERE l.id = asked AND l.state <> 'draft' AND NOT l.is_imported) THEN
        RAISE EXCEPTION 'Letter % is final: who gets it does not change.', asked
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$keep$
"""


class Migration(migrations.Migration):
    dependencies = [("letters", "0004_mail_and_copies")]

    operations = [
        ClinicSQL(
            [
                "UPDATE {schema}.letters_letter SET is_imported = true "
                "WHERE state <> 'draft' AND finalised_at IS NULL",
                KEEP_FINAL,
                "CREATE TRIGGER letters_keep_final BEFORE INSERT OR UPDATE "
                "ON {schema}.letters_letter "
                "FOR EACH ROW EXECUTE FUNCTION {schema}.letters_keep_final()",
                KEEP_COPIES,
                "CREATE TRIGGER letters_keep_copies BEFORE INSERT OR UPDATE OR DELETE "
                "ON {schema}.letters_lettercopy "
                "FOR EACH ROW EXECUTE FUNCTION {schema}.letters_keep_copies()",
            ],
        )
    ]
