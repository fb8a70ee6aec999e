"""What every page knows without its view saying so: `nx` in the templates."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings

from ui import navigation as registry
from ui import topbar
from ui.banners import Banner, banner_for
from ui.colour import NEXUS_ACCENT, Accent, accent_of
from ui.figures import counted
from ui.pwa import manifest_url, owner_of

if TYPE_CHECKING:
    from django.http import HttpRequest

THEME_COOKIE = "__Host-nexus-theme"
KEYS_COOKIE = "__Host-nexus-keys"
OPERATORS_ACCENT = "#6b3fa0"


def chosen_theme(request: HttpRequest | None) -> str:
    """Answer `light`, `dark`, or "" where the person has not chosen."""
    chosen = request.COOKIES.get(THEME_COOKIE, "") if request is not None else ""
    return chosen if chosen in {"light", "dark"} else ""


class Shell:
    """The frame around a page. Everything is asked for only when a template shows it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def clinic(self) -> Any:
        """The tenant of this host, or None on the platform's and the operators' hosts."""
        return getattr(self.request, "tenant", None)

    @property
    def clinic_name(self) -> str:
        return str(getattr(self.clinic, "name", "") or "Nexus")

    @property
    def is_operators(self) -> bool:
        return getattr(self.request, "urlconf", None) == getattr(
            settings, "OPERATORS_URLCONF", object()
        )

    @cached_property
    def accent(self) -> Accent:
        default = OPERATORS_ACCENT if self.is_operators else NEXUS_ACCENT
        return accent_of(getattr(self.clinic, "accent", "") or default)

    @property
    def theme(self) -> str:
        """`light`, `dark`, or "" to follow the device."""
        return chosen_theme(self.request)

    @cached_property
    def banner(self) -> Banner | None:
        """What everybody in the clinic should know just now."""
        user = getattr(self.request, "user", None)
        if self.clinic is None or user is None or not user.is_authenticated:
            return None
        return banner_for(self.request)

    @property
    def single_keys(self) -> bool:
        """Whether one-letter shortcuts are on (WCAG 2.1.4 asks for a way to turn them off)."""
        return self.request.COOKIES.get(KEYS_COOKIE) != "off"

    @property
    def manifest_url(self) -> str:
        """Where the clinic's app is described; "" on the platform's other hosts."""
        return manifest_url() if self.clinic is not None else ""

    @property
    def owner(self) -> str:
        """Who the device keeps the day for; "" where it keeps nothing."""
        return owner_of(self.request)

    @property
    def csp_nonce(self) -> str:
        return str(getattr(self.request, "csp_nonce", ""))

    @cached_property
    def nav(self) -> list[tuple[str, list[registry.NavLink]]]:
        return registry.links(self.request, site=self._site, figures=self.figures)

    @cached_property
    def user_links(self) -> list[registry.NavLink]:
        groups = registry.links(self.request, site=self._site, place="user")
        return [link for _, group in groups for link in group]

    @cached_property
    def tools(self) -> list[topbar.Tool]:
        """What apps have put into the top bar of a clinic's pages."""
        return [] if self.clinic is None else topbar.tools(self.request)

    @cached_property
    def figures(self) -> dict[str, int]:
        """How much waits for the person: of entries by the names of their URLs, of tools by key."""
        if self.clinic is None:
            return {}
        sources = {
            **registry.counted_entries(self.request, site=self._site),
            **topbar.counted_tools(self.request),
        }
        user = self.request.user
        return counted({key: rows(user) for key, rows in sources.items()})

    @cached_property
    def search(self) -> registry.SearchBox | None:
        return registry.search_box(self.request, site=self._site)

    @cached_property
    def sign_out_url(self) -> str | None:
        return registry.sign_out_url()

    @cached_property
    def person_name(self) -> str:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            return ""
        return str(user.get_full_name() or user.get_username())

    @cached_property
    def person_role(self) -> str:
        user = getattr(self.request, "user", None)
        display = getattr(user, "get_role_display", None)
        return str(display()) if callable(display) else ""

    @property
    def _site(self) -> registry.Site:
        return "operators" if self.is_operators else "clinic"


def navigation(request: HttpRequest) -> dict[str, Shell]:
    """Context processor."""
    return {"nx": Shell(request)}
