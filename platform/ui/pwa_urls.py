"""The addresses of a clinic's app on a device; they stand at the root of its host."""

from __future__ import annotations

from django.urls import path

from ui import pwa

app_name = "pwa"
urlpatterns = [
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("service-worker.js", pwa.service_worker, name="service_worker"),
    path("offline/", pwa.offline, name="offline"),
]
