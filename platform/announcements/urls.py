from __future__ import annotations

from django.urls import path

from announcements import views

app_name = "announcements"
urlpatterns = [path("announcements/<uuid:announcement_id>/dismiss/", views.dismiss, name="dismiss")]
