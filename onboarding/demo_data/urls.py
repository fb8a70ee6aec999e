"""URLs below /settings/data/demo/."""

from __future__ import annotations

from django.urls import path

from onboarding.demo_data import views

app_name = "demo_data"
urlpatterns = [
    path("", views.page, name="page"),
    path("fill/", views.fill, name="fill"),
    path("remove/", views.remove, name="remove"),
    path("progress/", views.progress, name="progress"),
]
