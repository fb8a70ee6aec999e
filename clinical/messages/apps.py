from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    name = "clinical.messages"
    label = "clinic_messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.permissions import Action, Resource
        from clinical.appointments import changes, drawer_facts
        from clinical.messages.facts import drawer_facts_of, reminder_facts_of
        from clinical.messages.mail_delivery import MessageMail
        from clinical.messages.notices import note_changes
        from clinical.messages.texting import failed_of, unread_of
        from clinical.messages.timeline import SOURCES
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab, register
        from connections import outbox
        from events.topics import register_topic
        from ui.navigation import WORK_LISTS, NavItem
        from ui.navigation import register as register_entry

        outbox.delivers("messages.mail", MessageMail(), repeats=False, label="E-mail to a patient")
        register_topic("texts", needs=(Action.VIEW, Resource.MESSAGES))
        register(Tab("Messages", "clinic_messages:list", "messages.view", 70, icon="message"))
        for source in SOURCES:
            timeline.register(source)
        changes.listen("notices", note_changes)
        drawer_facts.register("notices", drawer_facts_of, permission="messages.view")
        drawer_facts.register("reminders", reminder_facts_of, permission="messages.view")
        register_entry(
            NavItem(
                "Text messages",
                "clinic_messages:inbox",
                "message",
                permission="messages.view",
                order=29,
                counts=unread_of,
            )
        )
        register_entry(
            NavItem(
                "Reminders",
                "clinic_messages:reminders",
                "bell-ringing",
                permission="messages.view",
                order=30,
                group=WORK_LISTS,
                counts=failed_of,
            )
        )
        register_entry(
            NavItem(
                "Reminder rules",
                "clinic_messages:rules",
                "bell-cog",
                permission="settings.change",
                order=73,
                group="Settings",
                section="Messages",
                about="When patients are reminded, and in which words",
            )
        )
        register_entry(
            NavItem(
                "Telling patients",
                "clinic_messages:settings",
                "mail-forward",
                permission="settings.change",
                order=74,
                group="Settings",
                section="Messages",
                about="Mails about visits that were made, moved or cancelled",
            )
        )
