"""Short messages that an htmx answer brings along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django.http import HttpResponse

Tone = Literal["success", "info", "warning", "danger"]


def add_toast(response: HttpResponse, text: str, *, tone: Tone = "success") -> HttpResponse:
    """Show `text` when htmx has swapped this answer in; other triggers of the answer are kept."""
    earlier = response.headers.get("HX-Trigger", "{}")
    if earlier.startswith("{"):
        events = json.loads(earlier)
    else:
        events = dict.fromkeys(name.strip() for name in earlier.split(","))
    events["nexus:toast"] = {"text": text, "tone": tone}
    response.headers["HX-Trigger"] = json.dumps(events)
    return response
