"""URLs of recalls: the list, a patient's tab, the settings."""

from __future__ import annotations

from django.urls import path

from clinical.recalls import views

app_name = "recalls"
urlpatterns = [
    path("recalls/", views.recalls, name="list"),
    path("recalls/<uuid:pk>/", views.detail, name="detail"),
    path("recalls/<uuid:pk>/contact/", views.contact, name="contact"),
    path("recalls/<uuid:pk>/change/", views.change, name="change"),
    path("recalls/<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("patients/<uuid:pk>/recalls/", views.of_patient, name="of_patient"),
    path("settings/recalls/", views.types, name="types"),
    path("settings/recalls/new/", views.new_type, name="new_type"),
    path("settings/recalls/<uuid:pk>/", views.edit_type, name="edit_type"),
]
