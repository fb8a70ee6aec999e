from __future__ import annotations

from django.apps import AppConfig


class NotesConfig(AppConfig):
    name = "clinical.notes"
    label = "notes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.appointments import marks
        from clinical.notes.marks import MARKS, note_marks
        from clinical.notes.selectors import to_cosign
        from clinical.notes.timeline import FOUND, SOURCE
        from clinical.patients import timeline
        from clinical.patients.tabs import Tab, register
        from clinical.search import finding
        from ui.navigation import WORK_LISTS, NavItem
        from ui.navigation import register as register_entry

        register(Tab("Notes", "notes:list", "notes.view", 40, icon="notes"))
        register_entry(
            NavItem(
                "Co-sign",
                "notes:cosign_list",
                "user-check",
                permission="notes.change",
                order=45,
                group=WORK_LISTS,
                counts=to_cosign,
            )
        )
        for label, url_name, icon, order, section, about in (
            (
                "Note templates",
                "notes:templates",
                "clipboard-text",
                71,
                "Records",
                "Sections, scales and body charts that notes are written on",
            ),
            (
                "Supervision",
                "notes:supervision",
                "users-group",
                76,
                "Team",
                "Whose notes are co-signed",
            ),
        ):
            register_entry(
                NavItem(
                    label,
                    url_name,
                    icon,
                    permission="settings.change",
                    order=order,
                    group="Settings",
                    section=section,
                    about=about,
                )
            )
        timeline.register(SOURCE)
        marks.register("notes", note_marks, MARKS, permission="notes.view")
        # A draft is saved every few seconds: that it changed is recorded, each wording is not. What
        # was signed is recorded whole, with its version.
        coverage.withhold("notes_note", "body", "sections")
        coverage.unrecorded("notes_note", "revision", "search")
        finding.register(FOUND)
