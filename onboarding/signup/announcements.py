"""What the operators have announced, where they can announce something."""

from __future__ import annotations

from typing import Any

from django.apps import apps


def latest_announcement() -> Any:
    """Answer the newest announcement that is out, or None; the caller is in a shared scope."""
    try:
        model = apps.get_model("operators", "Announcement")
    except LookupError:
        return None
    public = getattr(model, "for_everybody", None)
    return public() if callable(public) else None
