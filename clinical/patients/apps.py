from __future__ import annotations

from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "clinical.patients"
    label = "patients"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from audit import coverage
        from clinical.patients import header
        from clinical.patients.facts import cards, care, summary
        from clinical.patients.reach import missing_statements
        from clinical.patients.reach_check import check_reach
        from tenants.isolation import also_check
        from tenants.walls import on_finished_schema
        from ui.navigation import NavItem, Search, register, register_search

        header.register("summary", summary)
        header.register("care", care)
        header.register("cards", cards)
        on_finished_schema(missing_statements)
        also_check(check_reach)
        coverage.subject("patients_patient", "id")
        coverage.subject("patients_patientmerge", "winner_id")
        coverage.subject("patients_duplicatecandidate", "first_id")
        coverage.exempt("patients_mergedrow", "which rows a merge moved; each move is recorded")
        coverage.exempt("patients_duplicatesearch", "when the clinic was looked through")
        coverage.exempt("mv_patient_summary", "made by the database from tables that are recorded")
        coverage.exempt("patients_summarymark", "which summaries wait to be made anew")
        coverage.unrecorded("patients_duplicatecandidate", "evidence", "score")
        register(
            NavItem("Patients", "patients:list", "users", permission="patients.view", order=20)
        )
        register_search(
            Search("patients:find", page_url_name="patients:list", permission="patients.view")
        )
