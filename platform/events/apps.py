from __future__ import annotations

from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"
    label = "events"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from events.topics import register_topic
        from tenants import flags

        register_topic("notices", personal=True)
        flags.register(
            flags.Flag(
                "live_updates",
                "Live updates",
                "Pages hear of changes at once; without it they look once every ten seconds.",
                default=True,
            )
        )
