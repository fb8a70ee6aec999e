"""URLs of a clinic's Xero."""

from __future__ import annotations

app_name = "xero"
urlpatterns: list[object] = []
