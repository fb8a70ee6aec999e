"""URLs of a patient's messages."""

from __future__ import annotations

from django.urls import path

from clinical.messages import views

app_name = "clinic_messages"
urlpatterns = [path("patients/<uuid:pk>/messages/", views.conversation, name="list")]
