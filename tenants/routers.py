"""Queries go to the connection of the running scope; tables are made in the schema they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django_tenants.routers import TenantSyncRouter

from tenants.scope import active_scope

if TYPE_CHECKING:
    from django.db.models import Model


class ScopeRouter(TenantSyncRouter):  # type: ignore[misc]
    """django-tenants' router, asking the scope where that asks the connection."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:  # noqa: ARG002
        scope = active_scope()
        return scope.alias if scope else None

    db_for_write = db_for_read

    def allow_relation(self, obj1: Model, obj2: Model, **hints: Any) -> bool | None:  # noqa: ARG002
        return None

    def allow_migrate(
        self,
        db: str,
        app_label: str,
        model_name: str | None = None,  # noqa: ARG002
        **hints: Any,  # noqa: ARG002
    ) -> bool | None:
        scope = active_scope()
        if scope is None:
            return None
        apps = settings.TENANT_APPS if scope.is_clinic else settings.SHARED_APPS
        return scope.alias == db and self.app_in_list(app_label, apps)
