"""URLs of a clinic's host."""

from __future__ import annotations

urlpatterns: list[object] = []
