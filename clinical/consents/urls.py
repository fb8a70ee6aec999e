"""URLs of consents and preferences."""

from __future__ import annotations

from django.urls import path

from clinical.consents import views

app_name = "consents"
urlpatterns = [
    path("patients/<uuid:pk>/consents/", views.consent_list, name="list"),
    path("patients/<uuid:pk>/consents/record/", views.record, name="record"),
    path("patients/<uuid:pk>/preferences/", views.preferences, name="preferences"),
    path("settings/consents/", views.kinds, name="kinds"),
    path("settings/consents/new/", views.new_kind, name="new_kind"),
    path("settings/consents/<uuid:pk>/", views.edit_kind, name="edit_kind"),
]
