"""URLs below /settings/data/import/."""

from __future__ import annotations

from django.urls import path

from onboarding.imports import report_views, upload_views, views

app_name = "imports"
urlpatterns = [
    path("", views.run_list, name="list"),
    path("new/", upload_views.upload_page, name="upload"),
    path("uploads/", upload_views.create_upload, name="create_upload"),
    path("uploads/<uuid:pk>/", upload_views.upload_part, name="upload_part"),
    path("uploads/<uuid:pk>/give-up/", upload_views.give_up, name="give_up"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/progress/", views.progress, name="progress"),
    path("<uuid:pk>/contents/", views.contents, name="contents"),
    path("<uuid:pk>/mapping/", views.mapping, name="mapping"),
    path("<uuid:pk>/mapping/<int:table_id>/", views.mapping_table, name="mapping_table"),
    path("<uuid:pk>/records/", report_views.records, name="records"),
    path("<uuid:pk>/report.csv", report_views.report_csv, name="report_csv"),
    path("<uuid:pk>/records.csv", report_views.records_csv, name="records_csv"),
    path("<uuid:pk>/written/", views.written, name="written"),
    path("<uuid:pk>/read/", views.read, name="read"),
    path("<uuid:pk>/check/", views.check, name="check"),
    path("<uuid:pk>/load/", views.load, name="load"),
    path("<uuid:pk>/undo/", views.undo, name="undo"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
    path("<uuid:pk>/stop/", views.stop, name="stop"),
    path("<uuid:pk>/again/", views.again, name="again"),
    path("<uuid:pk>/discard/", views.discard, name="discard"),
]
