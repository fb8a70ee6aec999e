"""The menu entries of people, and of the audit trail, which may not ask for permissions itself."""

from __future__ import annotations

from accounts.permissions import may
from ui.navigation import NavItem, Site, register, register_sign_out, use_permission_check

_SITES: tuple[tuple[Site, str], ...] = (("clinic", "Staff"), ("operators", "Operators"))


def register_all() -> None:
    """Register the entries of both sites, the check of all entries, and where to sign out."""
    use_permission_check(may)
    register_sign_out("accounts:logout")
    for site, people in _SITES:
        for item in (
            NavItem(
                people,
                "accounts:staff",
                "users-group",
                "staff.view",
                80,
                "Settings",
                site,
                section="Team",
                about="Who signs in: roles, invitations, sessions",
            ),
            NavItem(
                "Audit trail",
                "audit:trail",
                "history",
                "audit.view",
                90,
                "Settings",
                site,
                section="Data",
                about="Who did and who saw what",
            ),
            NavItem(
                "Your account", "accounts:account", "user", "account.view", 10, "", site, "user"
            ),
        ):
            register(item)
