"""Xero as a vendor: which organisations a consent reaches, trying it out, giving it back."""

from __future__ import annotations

import base64
import json

from billing_integrations.xero.provider import SCOPES, XeroAdapter
from connections.opened import OpenConnection
from connections.providers import provider
from tenants.ids import uuid7


def _opened(token: str, organisation: str = "") -> OpenConnection:
    return OpenConnection(
        id=uuid7(),
        provider="xero",
        external_id=organisation,
        account_name="Northside",
        secrets={"access_token": token},
    )


def _token(event: str) -> str:
    claims = json.dumps({"authentication_event_id": event}).encode()
    return f"h.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.s"


def test_a_consent_offers_its_own_organisations_and_gives_back_only_the_connected_one(peer, front):
    event, adapter = str(uuid7()), XeroAdapter()
    first, second = (peer.add_organisation(name, event) for name in ("Northside", "Southside"))
    other = peer.add_organisation("Somebody else's")

    offered = adapter.accounts(_opened(_token(event)))

    assert [(one.external_id, one.name) for one in offered] == [
        (first, "Northside"),
        (second, "Southside"),
    ]
    assert "6 accounts" in adapter.check(_opened(_token(event), first))
    adapter.revoke(_opened(_token(event), first))
    left = {row["tenantId"] for row in peer.organisations}
    assert (first in left, {second, other} <= left) == (False, True)
    adapter.revoke(_opened(_token(event), first))  # once more does no harm


def test_only_granular_scopes_are_asked_for_and_xero_allows_no_more_than_it_says():
    vendor = provider("xero")

    assert set(SCOPES) >= {"offline_access", "accounting.invoices", "accounting.settings.read"}
    assert not set(SCOPES) & {"accounting.transactions", "accounting.settings"}
    assert (vendor.limits.at_once, vendor.limits.a_minute, vendor.limits.a_day) == (5, 60, 5000)
    assert vendor.exclusive
