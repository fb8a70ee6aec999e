"""URLs below /settings/data/ that are not of one import."""

from __future__ import annotations

from django.urls import path

from onboarding.imports import data_views

app_name = "data"
urlpatterns = [
    path("", data_views.overview, name="overview"),
    path("notice/", data_views.notice, name="notice"),
    path("preview/", data_views.preview, name="preview"),
    path("replace/", data_views.replace, name="replace"),
]
