from __future__ import annotations

from django.urls import path

from billing_integrations.storage import views

app_name = "clinic_storage"

urlpatterns = [
    path("", views.settings_page, name="settings"),
    path("move/", views.move, name="move"),
    path("stop/", views.stop, name="stop"),
    path("progress/", views.progress, name="progress"),
]
