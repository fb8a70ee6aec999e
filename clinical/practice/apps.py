from __future__ import annotations

from django.apps import AppConfig

LISTS = (
    (
        "clinicians",
        "Clinicians",
        "stethoscope",
        "Team",
        "Who sees patients: hours, provider numbers",
    ),
    (
        "appointment-types",
        "Appointment types",
        "calendar-time",
        "Diary",
        "Kinds of visits: minutes, colour, how many come",
    ),
    ("funding-types", "Funding types", "wallet", "Money", "Who pays: NDIS, Medicare, DVA, private"),
)


class PracticeConfig(AppConfig):
    name = "clinical.practice"
    label = "practice"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ui.navigation import SETTINGS, SETTINGS_PAGE, NavItem, register

        register(
            NavItem(
                "Locations",
                "practice:index",
                "building",
                permission="settings.view",
                order=70,
                group=SETTINGS,
                section="Practice",
                about="Places where patients are seen: address, phone, time zone, colour",
            )
        )
        for slug, label, icon, section, about in LISTS:
            register(
                NavItem(
                    label,
                    "practice:list",
                    icon,
                    permission="settings.view",
                    order=71,
                    group=SETTINGS,
                    section=section,
                    about=about,
                    args=(slug,),
                )
            )
        register(
            NavItem(
                "All settings",
                SETTINGS_PAGE,
                "settings",
                permission="account.view",
                order=69,
                group=SETTINGS,
                is_pinned=True,
            )
        )
