"""URLs of the platform's own host."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("onboarding.signup.urls")),
]
