"""URLs below /support/ on the operators' host."""

from __future__ import annotations

from django.urls import path

from operators import support_views as views

app_name = "operators_support"
urlpatterns = [
    path("", views.case_list, name="list"),
    path("clinics/<int:tenant_id>/ask/", views.ask, name="ask"),
    path("clinics/<int:tenant_id>/emergency/", views.emergency, name="emergency"),
    path("<uuid:pk>/enter/", views.enter, name="enter"),
    path("<uuid:pk>/end/", views.end, name="end"),
]
