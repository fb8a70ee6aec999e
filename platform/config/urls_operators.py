"""URLs of the operators' host."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("operators.urls")),
    path("", include("accounts.urls")),
]
