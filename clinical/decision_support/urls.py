"""URLs of rules and of the reminders they give."""

from __future__ import annotations

from django.urls import path

from clinical.decision_support import views

app_name = "decision_support"
urlpatterns = [
    path("patients/<uuid:pk>/reminders/", views.prompts, name="prompts"),
    path("reminders/<uuid:pk>/settle/", views.settle, name="settle"),
    path("reminders/<uuid:pk>/reopen/", views.reopen, name="reopen"),
    path("settings/rules/", views.rules, name="rules"),
    path("settings/rules/new/", views.new, name="new"),
    path("settings/rules/standard/", views.standard, name="standard"),
    path("settings/rules/<uuid:pk>/", views.edit, name="edit"),
    path("settings/rules/<uuid:pk>/switch/", views.switch, name="switch"),
    path("settings/rules/<uuid:pk>/delete/", views.delete, name="delete"),
]
