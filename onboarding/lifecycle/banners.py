"""The line above every page of a clinic that is not what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenants.models import Tenant
from ui.banners import Banner

if TYPE_CHECKING:
    from django.http import HttpRequest


def state_of_clinic(request: HttpRequest) -> Banner | None:
    """Answer the banner of a read-only clinic or of a sandbox; costs no query."""
    clinic = getattr(request, "tenant", None)
    if clinic is None:
        return None
    if clinic.state == Tenant.State.READ_ONLY:
        text = "Nothing can be entered or changed. " + clinic.state_reason
        return Banner("Read-only", text.strip(), icon="lock", tone="warning")
    if clinic.sandbox_of_id is not None:
        text = "Invented people, made from a clinic's records. Nothing is sent from here."
        return Banner("Sandbox", text, icon="flask", tone="warning")
    return None
