"""The way to a vendor's consent page and back: bound to the person's session and to the clinic.

The state that travels through the browser is signed and names the clinic, so that the platform's own
host, where vendors send people back to, can hand them over to the right one and to nothing else. What
redeems the code, the PKCE verifier, never leaves the session on the clinic's host; it is good once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

from connections import inbox, oauth
from tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from connections.providers import Provider

GOOD_FOR_SECONDS = 15 * 60
_SALT = "connections.consent"
_SESSION = "connections.consent"
_MOST = 5


class ConsentError(ValueError):
    """Whoever came back cannot go on; the words say why and what to do."""


@dataclass(frozen=True)
class Way:
    """What a state says, once its signature was found right."""

    tenant_id: int
    provider: str
    nonce: str


def begin(
    provider: Provider,
    *,
    tenant: Tenant,
    session: MutableMapping[str, Any],
    at: datetime,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Answer the vendor's page to send the person to, and remember in the session what redeems it."""
    nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(64)
    open_ways = _still_open(session, at)
    open_ways[nonce] = {"p": provider.key, "v": verifier, "at": at.timestamp()}
    session[_SESSION] = dict(list(open_ways.items())[-_MOST:])
    state = signing.dumps({"c": tenant.pk, "p": provider.key, "n": nonce}, salt=_SALT)
    return oauth.authorization_url(
        provider,
        redirect_uri=redirect_uri(provider),
        state=state,
        verifier=verifier,
        nonce=nonce,
        options=options,
    )


def redirect_uri(provider: Provider) -> str:
    """Answer where the vendor sends people back to: one address for all clinics."""
    path = reverse("oauth:callback", args=[provider.key], urlconf=settings.ROOT_URLCONF)
    return f"{inbox.platform_url()}{path}"


def read(state: str) -> Way:
    """Read a state of ours; raises ConsentError for any other, and for one that is too old."""
    try:
        facts = signing.loads(state, salt=_SALT, max_age=GOOD_FOR_SECONDS)
        return Way(int(facts["c"]), str(facts["p"]), str(facts["n"]))
    except signing.SignatureExpired:
        raise ConsentError(
            "This took longer than a quarter of an hour. Nothing was connected: start again."
        ) from None
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        raise ConsentError(
            "This page was not reached from a clinic of ours. Nothing was connected: open Settings, "
            "Integrations in your clinic and start there."
        ) from None


def redeem(
    state: str, *, provider: str, tenant: Tenant, session: MutableMapping[str, Any]
) -> dict[str, str]:
    """Answer what redeems the code, and forget it; raises ConsentError."""
    way = read(state)
    if way.tenant_id != tenant.pk or way.provider != provider:
        raise ConsentError("This consent was asked for elsewhere. Nothing was connected.")
    open_ways = dict(session.get(_SESSION) or {})
    found = open_ways.pop(way.nonce, None)
    if found is None or found["p"] != provider:
        raise ConsentError(
            "This consent was used already, or was asked for in another browser. Nothing was changed "
            "by this; if it is not connected, start again."
        )
    session[_SESSION] = open_ways
    return {"verifier": found["v"], "nonce": way.nonce}


def clinic_of(state: str, *, provider: str) -> Tenant:
    """Answer whom a state belongs to, on the platform's own host; raises ConsentError."""
    way = read(state)
    if way.provider != provider:
        raise ConsentError("This consent was asked for elsewhere. Nothing was connected.")
    tenant: Tenant | None = Tenant.objects.filter(
        pk=way.tenant_id, state=Tenant.State.ACTIVE
    ).first()
    if tenant is None:
        raise ConsentError("The clinic this is for is closed. Nothing was connected.")
    return tenant


def code_of(answer: Mapping[str, str], *, vendor: str) -> str:
    """Read the code out of what the vendor sent along; raises ConsentError where it said no."""
    error, code = answer.get("error", ""), answer.get("code", "")
    if error == "access_denied":
        raise ConsentError(f"The consent at {vendor} was not given. Nothing was changed.")
    if error or not code:
        raise ConsentError(
            f"{vendor} could not give its consent. Nothing was changed; try again later."
        )
    return code


def _still_open(session: MutableMapping[str, Any], at: datetime) -> dict[str, Any]:
    since = (at.astimezone(UTC)).timestamp() - GOOD_FOR_SECONDS
    ways = session.get(_SESSION) or {}
    return {nonce: way for nonce, way in ways.items() if way["at"] > since}
