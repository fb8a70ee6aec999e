"""What a visitor may ask of a clinic's pages, beside what the table of permissions says."""

from __future__ import annotations

from typing import Any

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

OPEN = frozenset(
    {
        "home",
        "accounts:logout",
        "support:leave",
        "support:bar",
        "support:enter",
        "pwa:manifest",
        "pwa:service_worker",
        "pwa:offline",
    }
)
"""Pages that ask for no permission and are a visitor's too."""

NEVER = frozenset(
    {
        "appointments:kept_day",  # what a device keeps for days without the network
        "documents:save",
        "documents:download",
        "documents:export",
        "imports:containers_csv",
        "imports:mapping_file",
        "threads:attachment",
    }
)
"""Pages that answer something to take along, or that a device keeps."""

NEVER_CHANGED = ("connections:", "integrations:", "takeout:", "audit:", "accounts:", "notices:")
"""What stands below these only looks, whatever a visitor was let in for."""

REACHES_PATIENTS = ("clinic_messages:", "sms:", "mailboxes:")
"""What is set up here goes to patients by itself: only for whoever was let in for that too."""

SEARCHES = frozenset(
    {
        "patients:find",
        "patients:list",
        "search:texts",
        "search:of_patient",
        "contacts:choices",
    }
)
"""Pages that are looked at by POST, for names must not stand in addresses."""


def refusal_of(*, mode: str, method: str, route: str, view: Any) -> str:
    """Answer why a visitor may not ask this, or "" where the table of permissions decides."""
    if route in OPEN:
        return ""
    changes = method not in SAFE
    reasons = {
        "about the person who is signed in": getattr(view, "permission", None) is None,
        "to be taken along": route in NEVER,
        "let in to look only": changes and mode == "reads" and route not in SEARCHES,
        "not for visitors to change": changes and route.startswith(NEVER_CHANGED),
        "not let in to send to patients": (
            changes and mode != "sends" and route.startswith(REACHES_PATIENTS)
        ),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")
