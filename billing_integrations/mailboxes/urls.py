from __future__ import annotations

from django.urls import path

from billing_integrations.mailboxes import views

app_name = "mailboxes"

urlpatterns = [
    path("", views.settings_page, name="settings"),
    path("test/", views.send_test, name="test"),
    path("reading/", views.reading, name="reading"),
]
