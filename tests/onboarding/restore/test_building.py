"""The traps of a restore: what looks as if it had worked, and has not."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connections, transaction
from psycopg.errors import FeatureNotSupported

from clinical.patients.models import Patient
from onboarding.takeout.rows import copied, put_back
from tenants.checksums import columns_of_table
from tenants.scope import public_scope, tenant_scope

pytestmark = pytest.mark.usefixtures("committed")


def test_rows_go_nowhere_without_the_scope_and_never_into_another_clinic(alpha, beta):
    with tenant_scope(alpha):
        Patient.objects.create(family_name="Tab\\t\\N\r\v\f\b\\", notes="a\nb")
    with tenant_scope(alpha, using="owner"):
        saved = list(copied("patients_patient"))
        names = list(columns_of_table("patients_patient"))
    rows = f"INSERT INTO {alpha.schema_name}.patients_summarymark (id, patient_id) VALUES "
    one = "(gen_random_uuid(), gen_random_uuid())"
    for scope in (public_scope(using="owner"), tenant_scope(beta, using="owner")):
        with pytest.raises(DatabaseError, match=r"row-level security|rls\.tenant_id"), scope:
            connections["owner"].cursor().execute(rows + one)
    with (
        tenant_scope(alpha, using="owner"),
        pytest.raises(FeatureNotSupported, match="COPY FROM not supported with row-level"),
        transaction.atomic(using="owner"),
        connections["owner"].cursor() as cursor,
        cursor.copy("COPY patients_summarymark (id, patient_id) FROM STDIN") as copy,
    ):
        copy.write("a\tb\n")

    with tenant_scope(beta, using="owner"):
        assert put_back("patients_patient", names, saved) == 1
        assert b"".join(copied("patients_patient")) == b"".join(saved)
    with tenant_scope(beta):
        assert Patient.objects.get().family_name == "Tab\\t\\N\r\v\f\b\\"
