"""What an export holds, and what it must never hold."""

from __future__ import annotations

import re

from django.db import connection

from audit.functions import SECRET_NAMES
from onboarding.takeout import contents


def test_every_table_of_a_clinic_is_exported_or_left_out_for_a_reason(in_alpha):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
            "AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'django_migrations'"
        )
        in_database = {name for (name,) in cursor.fetchall()}
    exported = {table.name for table in contents.exported_tables()}

    assert in_database - exported - set(contents.LEFT_OUT) == set()
    assert exported & set(contents.LEFT_OUT) == set()
    assert {"patients_patient", "notes_note", "appointments_appointment"} <= exported


def test_what_is_left_out_is_there_to_be_left_out():
    tables = {model._meta.db_table for model in contents.clinic_models()}
    columns = {
        (model._meta.db_table, str(field.column))
        for model in contents.clinic_models()
        for field in model._meta.concrete_fields
    }

    assert set(contents.LEFT_OUT) <= tables
    assert set(contents.WITHHELD) | set(contents.HARMLESS) <= columns


def test_nothing_that_sounds_like_a_secret_is_exported():
    for table in contents.exported_tables():
        for column in table.columns:
            if (table.name, column) in contents.HARMLESS:
                continue
            assert not re.search(SECRET_NAMES, column), (table.name, column)
            assert not any(word in column for word in contents.LOOKS_SECRET)


def test_a_column_that_sounds_like_a_secret_is_withheld_before_anybody_thought_of_it():
    for column in ("access_token", "sealed_key", "client_secret", "recovery_codes", "password2"):
        assert contents.is_withheld("some_new_table", column), column
    assert not contents.is_withheld("patients_patient", "notes")
