"""URLs below /reports/."""

from __future__ import annotations

from django.urls import path

from clinical.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.period, name="period"),
    path("report.xlsx", views.workbook, name="workbook"),
    path("report.pdf", views.pdf, name="pdf"),
    path("saved/", views.save, name="save"),
    path("saved/<uuid:pk>/delete/", views.delete_saved, name="delete_saved"),
    path("files/", views.report_files, name="files"),
    path("files/make/", views.make_file, name="make_file"),
    path("files/<uuid:pk>/progress/", views.progress, name="progress"),
    path("files/<uuid:pk>/<str:token>/", views.download, name="download"),
]
