from __future__ import annotations

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    name = "clinical.contacts"
    label = "contacts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ui.navigation import NavItem, register

        register(
            NavItem(
                "Contacts", "contacts:list", "address-book", permission="contacts.view", order=25
            )
        )
