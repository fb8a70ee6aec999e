"""The vendors a clinic may connect; each adapter registers its own from its `AppConfig.ready`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from django import forms

    from connections.opened import OpenConnection


class Trade(StrEnum):
    """What a vendor does for a clinic. Of mail, texts and storage one vendor at a time is in use."""

    ACCOUNTING = "accounting"
    MAIL = "mail"
    SMS = "sms"
    STORAGE = "storage"


@dataclass(frozen=True)
class Limits:
    """What a vendor allows one account: at once, a minute, a day; 0 is no limit."""

    at_once: int = 4
    a_minute: int = 0
    a_day: int = 0


@dataclass(frozen=True)
class OAuth:
    """A vendor that is connected by the person's consent in the browser (code flow with PKCE)."""

    authorize_url: str
    token_url: str
    revoke_url: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    extra: Mapping[str, str] = field(default_factory=dict)
    """More parameters of the authorisation request."""
    client_auth: str = "client_secret_basic"
    """How the client names itself at the token endpoint, in OAuth's own words."""
    more: Callable[[Mapping[str, Any]], tuple[str, ...]] | None = None
    """Scopes asked for besides, by the connection's options: what a clinic consents to separately."""

    def asked(self, options: Mapping[str, Any] | None) -> tuple[str, ...]:
        """Answer the scopes to ask for, with those that the options of a connection want."""
        return self.scopes + (self.more(options) if self.more and options else ())

    def kept(self, options: Mapping[str, Any], granted: Sequence[str]) -> tuple[str, ...]:
        """Answer the scopes to renew: of those wanted besides only what was given."""
        asked = self.asked(options)
        return tuple(one for one in asked if one in self.scopes or one in granted)


@dataclass(frozen=True)
class Account:
    """An account of the vendor's that a fresh token reaches."""

    external_id: str
    name: str
    hint: str = ""


class Adapter(Protocol):
    """What a vendor's package does for the connection itself."""

    def accounts(self, opened: OpenConnection) -> list[Account]:
        """Answer the accounts a fresh connection reaches; one is taken, of several one is chosen."""

    def check(self, opened: OpenConnection) -> str:
        """Try the connection out without changing anything; answer in words what was found.

        Raises the errors of `ports.outcomes`.
        """

    def revoke(self, opened: OpenConnection) -> None:
        """Give the access back at the vendor's, as far as the vendor knows how to."""


@dataclass(frozen=True)
class Provider:
    """One vendor. Either `oauth` or `form` says how it is connected.

    `form` is a Django form whose fields named in `secret_fields` are sealed; the others become
    `Connection.options`. `settings_url` names a route of the vendor's own settings page.
    """

    key: str
    name: str
    trade: Trade
    icon: str
    summary: str
    """One sentence: what the clinic gets from it."""
    adapter: Adapter
    limits: Limits = Limits()
    oauth: OAuth | None = None
    form: type[forms.Form] | None = None
    secret_fields: frozenset[str] = frozenset()
    settings_url: str = ""
    order: int = 50
    exclusive: bool = True
    """Whether an account (its external_id) belongs to one clinic, and is not exchanged silently."""
    keeps_because: Callable[[], str] | None = None
    """Asked in the clinic's scope before a disconnection: why it must not be now; empty: it may be."""

    @property
    def is_offered(self) -> bool:
        """Answer whether this installation has what it takes: an OAuth client of its own."""
        return self.oauth is None or bool(self.oauth.client_id)


_providers: dict[str, Provider] = {}


def register(provider: Provider) -> None:
    """Add a vendor; the same key again replaces it."""
    _providers[provider.key] = provider


def provider(key: str) -> Provider:
    """Answer a vendor; raises KeyError for one that was never registered."""
    return _providers[key]


def providers() -> list[Provider]:
    """Answer all of them, in the order of the page."""
    return sorted(_providers.values(), key=lambda one: (one.order, one.name))
