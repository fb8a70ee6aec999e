from __future__ import annotations

from django.apps import AppConfig

PAGES = (
    (
        "Practice",
        "subscription:details",
        "building-hospital",
        "settings.change",
        "Name, region and time zone",
    ),
    (
        "First day",
        "subscription:go_live",
        "rocket",
        "settings.change",
        "From when on the clinic works in Nexus",
    ),
    (
        "Plan",
        "subscription:plan",
        "credit-card",
        "subscription.change",
        "What you have subscribed to, its limits, the trial",
    ),
    (
        "Address",
        "subscription:address",
        "world",
        "subscription.change",
        "Where your people sign in; another one",
    ),
)


class SubscriptionConfig(AppConfig):
    name = "onboarding.subscription"
    label = "subscription"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinical.practice.limits import register_limit, register_storage_limit
        from onboarding.subscription import banners, kinds, limits, offer
        from tenants.closing import stays_open
        from ui.banners import register_banner
        from ui.navigation import SETTINGS, NavItem, register

        offer.offer()  # a file that cannot be read stops the start, not a page
        kinds.register_all()
        register_limit(limits.check_entry)
        register_storage_limit(limits.words_against_storing)
        register_banner(banners.end_of_trial)
        stays_open("subscription:plan")
        for label, url_name, icon, permission, about in PAGES:
            register(
                NavItem(
                    label,
                    url_name,
                    icon,
                    permission=permission,
                    order=68,
                    group=SETTINGS,
                    section="Practice",
                    about=about,
                )
            )
