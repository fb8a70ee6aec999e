"""URLs below /settings/practice/."""

from __future__ import annotations

from django.urls import path

from clinical.practice import views

app_name = "practice"
urlpatterns = [
    path("", views.index, name="index"),
    path("clinicians/<uuid:pk>/hours/", views.hours, name="hours"),
    path("clinicians/<uuid:pk>/provider-numbers/", views.provider_numbers, name="provider_numbers"),
    path("clinicians/former/", views.former, name="former"),
    path("locations/<uuid:pk>/hours/", views.openings, name="openings"),
    path("<slug:kind>/", views.entries, name="list"),
    path("<slug:kind>/new/", views.new, name="new"),
    path("<slug:kind>/<uuid:pk>/", views.edit, name="edit"),
]
