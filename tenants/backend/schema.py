"""The schema editor that builds the wall with the table, so that no migration can forget it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_rls.backends.postgresql.base import RLSDatabaseSchemaEditor

from tenants import walls
from tenants.scope import current_scope

if TYPE_CHECKING:
    from django.db.models import Model


class WalledSchemaEditor(RLSDatabaseSchemaEditor):  # type: ignore[misc]
    """Adds tenant_id, its check, the forced policy and the audit hook to every clinic table.

    The platform's own tables in `public` get the audit hook alone, with tenant id 0.
    Many-to-many tables and third-party apps' tables come through `create_model` too.
    """

    def table_sql(self, model: type[Model]) -> tuple[str, Any]:
        sql, params = super().table_sql(model)
        scope = current_scope()
        if scope.is_clinic:
            head, closing, tail = sql.rpartition(")")
            sql = f"{head}, {walls.column_sql(scope.tenant_id)}{closing}{tail}"
        return sql, params

    def create_model(self, model: type[Model]) -> None:
        super().create_model(model)
        scope = current_scope()
        if scope.is_clinic:
            self.enable_rls(model)
            self.force_rls(model)
            self.create_policy(model, walls.WallPolicy())
        for statement in walls.hook_statements(model._meta.db_table, scope.tenant_id):
            self.execute(statement, params=None)
