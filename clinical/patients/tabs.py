"""The tabs of a patient's record: each app registers its own from its `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse

from accounts.permissions import may

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.models import User
    from clinical.patients.models import Patient


@dataclass(frozen=True)
class Tab:
    """One section of the record. Its URL takes the patient's id as `pk`.

    `permission` is written as in the menus: `notes.view`. `count` answers the figure beside the
    label; it is asked for each page of a record, so it must not cost more than one small query.
    `shown` leaves the tab out where the patient has nothing of the kind.
    """

    label: str
    url_name: str
    permission: str
    order: int
    count: Callable[[Patient], int | None] | None = None
    icon: str = "file"
    shown: Callable[[Patient], bool] | None = None


_OWN = (
    Tab("Overview", "patients:detail", "patients.view", 10, icon="user"),
    Tab("Timeline", "patients:timeline", "patients.view", 20, icon="timeline"),
    Tab("Appointments", "patients:appointments", "appointments.view", 30, icon="calendar"),
    Tab(
        "From FileMaker",
        "patients:former_system",
        "patients.view",
        90,
        count=lambda patient: len(patient.extra),
        icon="database",
        shown=lambda patient: bool(patient.extra),
    ),
    Tab("History", "patients:history", "audit.view", 95, icon="history"),
)
_tabs: dict[str, Tab] = {tab.url_name: tab for tab in _OWN}


def register(tab: Tab) -> None:
    """Add a tab; the same URL again replaces it."""
    _tabs[tab.url_name] = tab


def tabs_of(actor: User, patient: Patient, *, active: str) -> list[dict[str, Any]]:
    """Answer what the actor may open of the record, in order; `active` is a tab's URL name.

    As in the menus, a tab whose URL this host does not have is left out.
    """
    return [
        {
            "label": tab.label,
            "url": url,
            "active": tab.url_name == active,
            "icon": tab.icon,
            "count": tab.count(patient) if tab.count else None,
        }
        for tab in sorted(_tabs.values(), key=lambda tab: (tab.order, tab.label))
        if may(actor, tab.permission) and (tab.shown is None or tab.shown(patient))
        if (url := _url(tab, patient))
    ]


def _url(tab: Tab, patient: Patient) -> str:
    try:
        return reverse(tab.url_name, kwargs={"pk": patient.pk})
    except NoReverseMatch:
        return ""
