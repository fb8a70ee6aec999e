"""URLs below /patients/."""

from __future__ import annotations

from django.urls import path

from clinical.patients import views

app_name = "patients"
urlpatterns = [
    path("", views.patient_list, name="list"),
    path("find/", views.find, name="find"),
    path("new/", views.new, name="new"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/appointments/", views.appointments, name="appointments"),
    path("<uuid:pk>/former-system/", views.former_system, name="former_system"),
    path("<uuid:pk>/history/", views.history, name="history"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/archive/", views.archive, name="archive"),
]
