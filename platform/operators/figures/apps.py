from __future__ import annotations

from django.apps import AppConfig


class FiguresConfig(AppConfig):
    """Has no tables: its migrations put the function into each clinic's schema."""

    name = "operators.figures"
    label = "operators_figures"
