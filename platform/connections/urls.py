from __future__ import annotations

from django.urls import path

from connections import views

app_name = "integrations"
urlpatterns = [
    path("", views.integrations, name="list"),
]
