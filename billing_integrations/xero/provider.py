"""Xero as a vendor a clinic connects: consent, which organisation, trying out, giving back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

from billing_integrations.xero import chart, problems, wire
from billing_integrations.xero.client import XeroClient
from connections import addresses, http, providers, tokens
from ports.outcomes import RefusedError, RetryLaterError
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

    from connections.opened import OpenConnection

KEY = "xero"
API, LOGIN, TOKEN, REVOKE = "xero.api", "xero.login", "xero.token", "xero.revoke"
PATH = "/api.xro/2.0"
SCOPES = (
    "openid",
    "profile",
    "email",
    "offline_access",
    "accounting.contacts",
    "accounting.invoices",
    "accounting.payments",
    "accounting.settings.read",
)
LIMITS = providers.Limits(at_once=5, a_minute=60, a_day=5000)


def register() -> None:
    """Offer Xero to clinics; called once, when the app is ready."""
    addresses.offer(API, "https://api.xero.com")
    addresses.offer(LOGIN, "https://login.xero.com/identity/connect/authorize")
    addresses.offer(TOKEN, "https://identity.xero.com/connect/token")
    addresses.offer(REVOKE, "https://identity.xero.com/connect/revocation")
    client = settings.VENDOR_CLIENTS.get(KEY)
    client_id, client_secret = client or ("", "")
    providers.register(
        providers.Provider(
            key=KEY,
            name="Xero",
            trade=providers.Trade.ACCOUNTING,
            icon="receipt-tax",
            summary="Invoices, credit notes and payments go into the clinic's books by themselves; "
            "what is paid there shows here.",
            adapter=XeroAdapter(),
            limits=LIMITS,
            oauth=providers.OAuth(
                authorize_url=LOGIN,
                token_url=TOKEN,
                revoke_url=REVOKE,
                client_id=client_id,
                client_secret=client_secret,
                scopes=SCOPES,
            ),
            settings_url="xero:settings",
            order=10,
        )
    )


class XeroAdapter:
    def accounts(self, opened: OpenConnection) -> list[providers.Account]:
        """Answer the organisations of this consent: earlier ones of the same person are left out."""
        event = _event_of(opened)
        rows = _connections(opened, event)
        found = [row for row in rows if row.get("tenantType", "ORGANISATION") == "ORGANISATION"]
        if event and any(row.get("authEventId") == event for row in found):
            found = [row for row in found if row.get("authEventId") == event]
        return [
            providers.Account(
                external_id=str(row["tenantId"]), name=str(row.get("tenantName") or "Organisation")
            )
            for row in found
            if row.get("tenantId")
        ]

    def check(self, opened: OpenConnection) -> str:
        """Read the organisation and what it books by, and keep that for the settings page."""
        from billing_integrations.xero import keeping

        with client_of(opened) as client:
            name, found = chart.read(client)
        if opened.clinic:
            with tenant_scope(tokens.scope_of_opened(opened)):
                keeping.keep_chart(opened.external_id, name, found)
        accounts = len(found["accounts"])
        return f"Xero answers for {name or opened.account_name}: {accounts} accounts were read."

    def revoke(self, opened: OpenConnection) -> None:
        """Take this organisation out of what Nexus may reach; others of the same person stay."""
        for row in _connections(opened):
            if row.get("tenantId") == opened.external_id and row.get("id"):
                with _http(opened) as asked:
                    answer = asked.delete(
                        f"{addresses.url(API)}/connections/{UUID(str(row['id']))}",
                        headers={"Authorization": f"Bearer {opened.token}"},
                    )
                wrong = problems.error_of(answer)
                if wrong is not None and not isinstance(wrong, problems.NotFoundError):
                    raise wrong


def _event_of(opened: OpenConnection) -> str:
    for name in ("access_token", "id_token"):
        found = wire.claims(opened.secrets.get(name, "")).get("authentication_event_id")
        if found:
            return str(found)
    return ""


def _connections(opened: OpenConnection, event: str = "") -> list[dict[str, Any]]:
    with _http(opened) as asked:
        answer = asked.get(
            f"{addresses.url(API)}/connections",
            params={"authEventId": event} if event else {},
            headers={"Authorization": f"Bearer {opened.token}", "Accept": "application/json"},
        )
    if (wrong := problems.error_of(answer)) is not None:
        raise wrong
    try:
        rows = wire.read(answer.content)
    except ValueError:
        raise RetryLaterError("Xero's list of organisations cannot be read.") from None
    if not isinstance(rows, list):
        raise RefusedError("Xero's list of organisations is not what its documentation says.")
    return [row for row in rows if isinstance(row, dict)]


def _http(opened: OpenConnection) -> httpx2.Client:
    return http.client(
        opened, provider=providers.provider(KEY), base_url=addresses.url(API), idempotent=True
    )


@contextmanager
def client_of(opened: OpenConnection) -> Iterator[XeroClient]:
    """Open a client of the connected organisation; outside of every scope."""

    def renew() -> str:
        return tokens.refused(opened).token

    with _http(opened) as asked:
        yield XeroClient(
            asked,
            base_url=addresses.url(API) + PATH,
            token=opened.token,
            organisation=opened.external_id,
            renew=renew if opened.clinic else None,
        )
