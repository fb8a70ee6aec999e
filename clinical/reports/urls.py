"""URLs below /reports/."""

from __future__ import annotations

from django.urls import path

from clinical.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.period, name="period"),
    path("report.xlsx", views.workbook, name="workbook"),
    path("report.pdf", views.pdf, name="pdf"),
]
