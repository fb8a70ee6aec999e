"""URLs below /settings/data/connection/."""

from __future__ import annotations

from django.urls import path

from onboarding.imports.connection import views

app_name = "connections"
urlpatterns = [
    path("", views.connection_list, name="list"),
    path("new/", views.create, name="create"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/edit/", views.edit, name="edit"),
    path("<uuid:pk>/test/", views.test, name="test"),
    path("<uuid:pk>/layouts/", views.layouts, name="layouts"),
    path("<uuid:pk>/read/", views.read, name="read"),
    path("<uuid:pk>/disconnect/", views.disconnect, name="disconnect"),
    path("<uuid:pk>/remove/", views.remove, name="remove"),
]
