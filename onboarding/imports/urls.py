"""URLs below /settings/data/import/."""

from __future__ import annotations

from django.urls import path

from onboarding.imports import (
    bundle_views,
    filing_views,
    mapping_views,
    quarantine_views,
    report_views,
    retention_views,
    upload_views,
    views,
)

app_name = "imports"
urlpatterns = [
    path("", views.run_list, name="list"),
    path("new/", upload_views.upload_page, name="upload"),
    path("uploads/", upload_views.create_upload, name="create_upload"),
    path("uploads/<uuid:pk>/", upload_views.upload_part, name="upload_part"),
    path("uploads/<uuid:pk>/give-up/", upload_views.give_up, name="give_up"),
    path("retention/", retention_views.retention, name="retention"),
    path("jobs/", bundle_views.open_job, name="open_job"),
    path("jobs/<uuid:pk>/", bundle_views.job, name="job"),
    path("jobs/<uuid:pk>/read/", bundle_views.read_job, name="read_job"),
    path("jobs/<uuid:pk>/give-up/", bundle_views.give_up_job, name="give_up_job"),
    path(
        "jobs/<uuid:pk>/files/<uuid:file_id>/remove/",
        bundle_views.remove_file,
        name="remove_file",
    ),
    path("jobs/<uuid:pk>/outside/", filing_views.containers, name="containers"),
    path("jobs/<uuid:pk>/outside.csv", filing_views.containers_csv, name="containers_csv"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/files/", filing_views.bring_files, name="bring_files"),
    path("<uuid:pk>/progress/", views.progress, name="progress"),
    path("<uuid:pk>/contents/", views.contents, name="contents"),
    path("<uuid:pk>/mapping/", mapping_views.mapping, name="mapping"),
    path("<uuid:pk>/mapping/<int:table_id>/", mapping_views.mapping_table, name="mapping_table"),
    path(
        "<uuid:pk>/mapping/<int:table_id>/<int:field_id>/",
        mapping_views.mapping_field,
        name="mapping_field",
    ),
    path("<uuid:pk>/mapping/values/", mapping_views.values, name="values"),
    path(
        "<uuid:pk>/mapping/versions/", mapping_views.mapping_versions_page, name="mapping_versions"
    ),
    path(
        "<uuid:pk>/mapping/versions/<int:version>/",
        mapping_views.mapping_restore,
        name="mapping_restore",
    ),
    path("<uuid:pk>/mapping/file/", mapping_views.mapping_file, name="mapping_file"),
    path("<uuid:pk>/mapping/upload/", mapping_views.mapping_upload, name="mapping_upload"),
    path("<uuid:pk>/records/", report_views.records, name="records"),
    path("<uuid:pk>/report.csv", report_views.report_csv, name="report_csv"),
    path("<uuid:pk>/columns.csv", report_views.columns_csv, name="columns_csv"),
    path("<uuid:pk>/report.pdf", report_views.report_pdf, name="report_pdf"),
    path("<uuid:pk>/columns/", report_views.columns, name="columns"),
    path("<uuid:pk>/compare/", report_views.compare, name="compare"),
    path("<uuid:pk>/compare/<uuid:verification_id>/", report_views.comparison, name="comparison"),
    path("<uuid:pk>/quarantine/", quarantine_views.groups, name="quarantine"),
    path(
        "<uuid:pk>/quarantine/<int:table_id>/<int:record_id>/",
        quarantine_views.record,
        name="quarantine_record",
    ),
    path("<uuid:pk>/quarantine/leave-out/", quarantine_views.leave_out, name="leave_out"),
    path("<uuid:pk>/quarantine/take-over/", quarantine_views.mend, name="mend"),
    path("<uuid:pk>/records.csv", report_views.records_csv, name="records_csv"),
    path("<uuid:pk>/written/", views.written, name="written"),
    path("<uuid:pk>/read/", views.read, name="read"),
    path("<uuid:pk>/check/", views.check, name="check"),
    path("<uuid:pk>/load/", views.load, name="load"),
    path("<uuid:pk>/update/", views.update, name="update"),
    path("<uuid:pk>/undo/", views.undo, name="undo"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
    path("<uuid:pk>/stop/", views.stop, name="stop"),
    path("<uuid:pk>/again/", views.again, name="again"),
    path("<uuid:pk>/discard/", views.discard, name="discard"),
]
