"""URLs of the operators' host."""

from __future__ import annotations

from django.urls import include, path

import audit.urls
from accounts.permissions import Action, Resource, requires
from ui.urls import handler400, handler403, handler404, handler500  # noqa: F401 - Django reads them

urlpatterns = [
    path("support/", include("operators.support_urls")),
    path("", include("operators.urls")),
    path("", include("accounts.urls")),
    path("", include("passkeys.urls")),
    path("audit/", include(audit.urls.behind(requires(Action.VIEW, Resource.AUDIT)))),
]
