"""The entries of the console's menu."""

from __future__ import annotations

from ui.navigation import NavItem, register

_ENTRIES = (
    ("Clinics", "operators:clinics", "building-hospital", ""),
    ("Jobs", "operators:jobs", "list-check", ""),
    ("Imports", "operators:imports", "database-import", ""),
    ("Migrations", "operators:migrations", "git-merge", ""),
    ("Self-check", "operators:checks", "stethoscope", ""),
    ("Announcements", "operators:announcements", "speakerphone", ""),
    ("API tokens", "operators:tokens", "key", "Settings"),
    ("Networks", "operators:networks", "world-cog", "Settings"),
)


def register_all() -> None:
    for place, (label, url_name, icon, group) in enumerate(_ENTRIES, start=1):
        register(
            NavItem(
                label,
                url_name,
                icon,
                permission="tenants.view",
                order=place,
                group=group,
                site="operators",
            )
        )
