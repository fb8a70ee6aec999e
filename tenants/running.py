"""The clinic of the running scope, for code that was given nothing but the scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tenants.scope import NoTenantError, current_scope

if TYPE_CHECKING:
    from datetime import tzinfo


@dataclass(frozen=True)
class RunningClinic:
    """What a message to its patients says of a clinic."""

    id: int
    name: str
    time_zone: str

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.time_zone)


def running_clinic() -> RunningClinic:
    """Answer it without a query; raises NoTenantError outside every clinic."""
    scope = current_scope()
    if not scope.is_clinic or not scope.time_zone:
        raise NoTenantError("No clinic is in scope here.")
    return RunningClinic(scope.tenant_id, scope.name, scope.time_zone)
