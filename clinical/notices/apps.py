from __future__ import annotations

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "clinical.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.notices.alarms import tell_of_alarm
        from clinical.notices.selectors import unread_of
        from connections.alarms import on_alarm
        from support.telling import on_news
        from ui.navigation import NavItem, register
        from ui.pwa import add_to_worker
        from ui.topbar import Tool, register_tool

        coverage.exempt("notices_notice", "points to a thing whose own changes are recorded")
        coverage.withhold("notices_pushsubscription", "endpoint", "public_key", "auth_secret")
        coverage.unrecorded("notices_pushsubscription", "sent_at")
        register(NavItem("Notifications", "notices:list", "bell", "account.view", 20, place="user"))
        add_to_worker("notices/push-worker.js")
        on_alarm(tell_of_alarm)
        on_news(tell_of_alarm)
        register_tool(Tool("notices/_bell.html", permission="account.view", counts=unread_of))
