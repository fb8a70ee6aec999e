"""URLs below /appointments/."""

from __future__ import annotations

from django.urls import path

from clinical.appointments import diary_views, offline_views, sheet_views, views, waiting_views

app_name = "appointments"
urlpatterns = [
    path("", views.day, name="day"),
    path("today/", offline_views.kept_day, name="kept_day"),
    path("diary/", diary_views.page, name="diary"),
    path("diary/feed/", diary_views.feed, name="diary_feed"),
    path("diary/version/", diary_views.version, name="diary_version"),
    path("diary/columns/", diary_views.columns_page, name="columns"),
    path("diary/openings/", diary_views.free_times, name="openings"),
    path("diary/sheet/", sheet_views.sheet, name="sheet"),
    path("waiting/", waiting_views.entries, name="waiting"),
    path("waiting/new/", waiting_views.new, name="waiting_new"),
    path("waiting/<uuid:pk>/", waiting_views.settle, name="waiting_settle"),
    path("new/", views.new, name="new"),
    path("patients/", views.patients, name="patients"),
    path("warnings/", views.warnings, name="warnings"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/drawer/", diary_views.drawer, name="drawer"),
    path("<uuid:pk>/move/", diary_views.move, name="move"),
    path("<uuid:pk>/attendees/", diary_views.attendees, name="attendees"),
    path("<uuid:pk>/status/", views.status, name="status"),
]
