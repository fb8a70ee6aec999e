"""URLs of the platform's own host."""

from __future__ import annotations

from django.urls import include, path

from ui.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them

urlpatterns = [
    path("oauth/", include("connections.public_urls")),
    path("", include("onboarding.signup.urls")),
]
