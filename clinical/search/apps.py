from __future__ import annotations

from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "clinical.search"
    label = "search"

    def ready(self) -> None:
        from ui.navigation import NavItem, register

        register(
            NavItem(
                "Search texts", "search:texts", "file-search", permission="letters.view", order=47
            )
        )
