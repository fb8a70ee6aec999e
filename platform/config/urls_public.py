"""URLs of the platform's own host."""

from __future__ import annotations

urlpatterns: list[object] = []
