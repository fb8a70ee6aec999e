"""URLs below /appointments/."""

from __future__ import annotations

from django.urls import path

from clinical.appointments import views

app_name = "appointments"
urlpatterns = [
    path("", views.day, name="day"),
    path("new/", views.new, name="new"),
    path("patients/", views.patients, name="patients"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/status/", views.status, name="status"),
]
