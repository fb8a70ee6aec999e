"""The line above every page of those who can mend it, while a connection is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.permissions import Action, Resource, allows
from connections.models import Connection
from connections.providers import provider as provider_of
from ui.banners import Banner

if TYPE_CHECKING:
    from django.http import HttpRequest


def broken_connection(request: HttpRequest) -> Banner | None:
    """Answer the banner for owners and administrators; one small question a page."""
    user = getattr(request, "user", None)
    if getattr(request, "tenant", None) is None or not allows(
        user, Action.CHANGE, Resource.INTEGRATIONS
    ):
        return None
    broken = Connection.objects.filter(state=Connection.State.BROKEN).order_by()
    keys = broken.values_list("provider", flat=True)[:2]
    try:
        names = [provider_of(key).name for key in keys]
    except KeyError:
        return None
    if not names:
        return None
    title = f"{names[0]} has to be connected again"
    text = "What is meant for it waits. Open Settings, Integrations."
    return Banner(title, text, icon="plug-connected-x", tone="warning")
