"""The names of Valkey's channels. Channels know no database number, so they carry the database's name."""

from __future__ import annotations

import re

_CLINIC = re.compile(rb"t([0-9]{1,12})")


class Channels:
    """One channel for each clinic, and one for what all clinics' streams must know."""

    def __init__(self, database: str) -> None:
        self._prefix = f"nexus:events:{re.sub(r'[^A-Za-z0-9_-]', '_', database)}:"

    @property
    def pattern(self) -> str:
        return f"{self._prefix}*"

    @property
    def everyone(self) -> str:
        return f"{self._prefix}everyone"

    def of_clinic(self, tenant_id: int) -> str:
        return f"{self._prefix}t{tenant_id}"

    def clinic_of(self, channel: bytes) -> int | None:
        """Answer whose channel it is; None for the one that all hear."""
        found = _CLINIC.fullmatch(channel.removeprefix(self._prefix.encode()))
        return int(found[1]) if found else None


ALIVE = b"alive"
"""On everyone's channel: the relay listens."""
LOOK = b"look"
"""On everyone's channel: it did not for a while, so look again at everything."""
LOST = b"lost"
"""On everyone's channel: it has lost the database just now."""
