"""URLs of notes: a patient's, and each by itself."""

from __future__ import annotations

from django.urls import path

from clinical.notes import views

app_name = "notes"
urlpatterns = [
    path("patients/<uuid:pk>/notes/", views.note_list, name="list"),
    path("patients/<uuid:pk>/notes/new/", views.new, name="new"),
    path("notes/<uuid:pk>/", views.detail, name="detail"),
    path("notes/<uuid:pk>/edit/", views.edit, name="edit"),
    path("notes/<uuid:pk>/sign/", views.sign, name="sign"),
    path("notes/<uuid:pk>/amend/", views.amend, name="amend"),
    path("notes/<uuid:pk>/discard/", views.discard, name="discard"),
]
