"""The style guide's address, and the error handlers.

Every URLconf of the platform says `from ui.urls import handler400, handler403, handler404,
handler500`.
"""

from __future__ import annotations

from django.urls import path

from ui import views

urlpatterns = [path("_ui/", views.styleguide, name="styleguide")]

handler400 = "ui.views.bad_request"
handler403 = "ui.views.permission_denied"
handler404 = "ui.views.page_not_found"
handler500 = "ui.views.server_error"
