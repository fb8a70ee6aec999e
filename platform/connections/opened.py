"""A connection as an adapter gets it: its secrets in clear, in memory, for one piece of work."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


@dataclass(frozen=True)
class OpenConnection:
    """What is needed to talk to a vendor for one clinic. Never logged: the secrets are not shown."""

    id: UUID
    provider: str
    external_id: str
    account_name: str
    secrets: Mapping[str, str] = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    clinic: int = 0
    """The clinic's number, by which the vendor's limits are counted; 0 counts none."""

    @property
    def token(self) -> str:
        """The access token, or an empty text where the vendor has none."""
        return self.secrets.get("access_token", "")
