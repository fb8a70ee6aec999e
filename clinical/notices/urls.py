"""URLs below /notices/."""

from __future__ import annotations

from django.urls import path

from clinical.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.notices, name="list"),
    path("bell/", views.bell, name="bell"),
    path("latest/", views.latest, name="latest"),
    path("read/", views.read_all, name="read_all"),
    path("devices/", views.subscribe, name="subscribe"),
    path("devices/off/", views.unsubscribe, name="unsubscribe"),
    path("devices/<uuid:pk>/remove/", views.remove_device, name="remove_device"),
    path("<uuid:pk>/", views.open_notice, name="open"),
]
