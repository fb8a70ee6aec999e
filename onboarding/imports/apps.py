from __future__ import annotations

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "onboarding.imports"
    label = "imports"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Enter the navigation; say what the audit trail need not record, and why."""
        from audit import coverage
        from clinical.patients.relations import also_refers
        from clinical.rights.erasure import register as register_erasure
        from onboarding.imports import erasure, maintenance
        from onboarding.imports.models import ImportLink
        from ui.banners import register_banner
        from ui.navigation import NavItem, register

        # Merged patients: the file's record leads to the one that goes on, and never makes a third.
        also_refers(ImportLink, "target_id", kind_column="target_type", kind="patient")

        coverage.exempt(
            "imports_stagedrecord",
            "copies of the uploaded file; the rows made of them are recorded",
        )
        coverage.exempt("imports_rowresult", "the importer's own account, derived from the file")
        coverage.exempt("imports_rowchange", "before and after images of rows that are recorded")
        coverage.exempt("imports_importlink", "which record became which row; the row is recorded")
        coverage.exempt("imports_runprogress", "a counter that moves every two seconds")
        coverage.exempt("imports_runphase", "the log lines of a run; the run itself is recorded")
        coverage.exempt("imports_filetask", "the importer's list of files; documents are recorded")
        coverage.unrecorded("imports_sourcefile", "received", "listing", "facts")
        coverage.unrecorded("imports_importsource", "received", "structure", "profile", "warnings")
        coverage.unrecorded("imports_importrun", "dry_report", "report", "undo_report")
        coverage.unrecorded("imports_verification", "report")
        coverage.unrecorded(
            "imports_filemakerconnection",
            "sealed_password", "sealed_session", "last_report", "checking_since",
        )  # fmt: skip
        register_banner(maintenance.banner)
        register_erasure(erasure.PART, exempt=erasure.LOOKED_AFTER)
        register(
            NavItem(
                "Data management",
                "data:overview",
                "database",
                permission="imports.view",
                order=74,
                group="Settings",
                section="Data",
                about="Everything in and out of this clinic",
                is_pinned=True,
            )
        )
        register(
            NavItem(
                "Import",
                "imports:list",
                "database-import",
                permission="imports.view",
                order=75,
                group="Settings",
                section="Data",
                about="Bring the history of a former system along",
            )
        )
