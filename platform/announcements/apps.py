from __future__ import annotations

from django.apps import AppConfig


class AnnouncementsConfig(AppConfig):
    name = "announcements"
    label = "announcements"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from announcements.banner import announcement_banner
        from tenants.closing import stays_open
        from tenants.grants import grant_to_app, seen_as
        from ui.banners import register_banner

        table = "announcements_announcement"
        grant_to_app(table, "SELECT")
        seen_as(table, "(tenant_ids = '{}' OR {tenant_id} = ANY (tenant_ids) OR {tenant_id} = 0)")
        stays_open("announcements:dismiss")
        register_banner(announcement_banner)
