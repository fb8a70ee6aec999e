"""A clinic has no operators, and the platform has nobody else."""

from __future__ import annotations

from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation

from tenants.scope import current_scope


class RoleOfScope(Operation):
    """Add the check that fits the schema in which the migration runs."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(
        self, _app_label: str, schema_editor: Any, _from_state: Any, _to_state: Any
    ) -> None:
        sign = "<>" if current_scope().is_clinic else "="
        schema_editor.execute(
            'ALTER TABLE "accounts_user" ADD CONSTRAINT "accounts_user_role_of_scope" '
            f"CHECK (role {sign} 'operator')",
            params=None,
        )

    def database_backwards(
        self, _app_label: str, schema_editor: Any, _from_state: Any, _to_state: Any
    ) -> None:
        schema_editor.execute(
            'ALTER TABLE "accounts_user" DROP CONSTRAINT "accounts_user_role_of_scope"', params=None
        )

    def describe(self) -> str:
        return "Check that operators stand in public and nowhere else"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [RoleOfScope()]
