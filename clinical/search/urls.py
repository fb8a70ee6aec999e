"""URLs of the search over texts."""

from __future__ import annotations

from django.urls import path

from clinical.search import views

app_name = "search"
urlpatterns = [
    path("search/notes/", views.texts, name="texts"),
    path("patients/<uuid:pk>/search/", views.of_patient, name="of_patient"),
]
