"""URLs of the NDIS pages."""

from __future__ import annotations

app_name = "ndis"
urlpatterns: list[object] = []
