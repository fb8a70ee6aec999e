"""URLs of the operators' host."""

from __future__ import annotations

urlpatterns: list[object] = []
