"""URLs below /settings/data/export/."""

from __future__ import annotations

from django.urls import path

from onboarding.takeout import views

app_name = "takeout"
urlpatterns = [
    path("", views.takeouts, name="list"),
    path("<uuid:pk>/progress/", views.progress, name="progress"),
    path("<uuid:pk>/link/", views.link, name="link"),
    path("<uuid:pk>/download/<str:token>/", views.download, name="download"),
    path("<uuid:pk>/delete/", views.delete, name="delete"),
]
