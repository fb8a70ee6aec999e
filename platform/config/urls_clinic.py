"""URLs of a clinic's host."""

from __future__ import annotations

from django.urls import include, path

import audit.urls
from accounts.permissions import Action, Resource, requires

urlpatterns = [
    path("", include("accounts.urls")),
    path("audit/", include(audit.urls.behind(requires(Action.VIEW, Resource.AUDIT)))),
]
