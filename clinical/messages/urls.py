"""URLs of a patient's messages."""

from __future__ import annotations

from django.urls import path

from clinical.messages import notice_views, views

app_name = "clinic_messages"
urlpatterns = [
    path("patients/<uuid:pk>/messages/", views.conversation, name="list"),
    path("messages/notices/<uuid:pk>/", notice_views.settle, name="settle_notice"),
    path("settings/telling-patients/", notice_views.settings_page, name="settings"),
]
