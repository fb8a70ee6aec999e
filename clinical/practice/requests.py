"""The request as a guarded view gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from accounts.models import User
    from tenants.models import Tenant


class SignedInRequest(HttpRequest):
    """What `accounts.permissions.requires` lets through: there is somebody behind it."""

    user: User
    tenant: Tenant
