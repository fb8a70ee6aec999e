"""Whose mailbox was connected, whether it still works, and giving the access back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from billing_integrations.gmail.addresses import CERTS, ISSUER, PERSON
from connections import addresses, http, oauth, tokens
from connections.providers import Account, provider
from ports.outcomes import BrokenConnectionError, RefusedError, RetryLaterError

if TYPE_CHECKING:
    import httpx2

    from connections.opened import OpenConnection

SEND = "https://www.googleapis.com/auth/gmail.send"
READ = "https://www.googleapis.com/auth/gmail.readonly"
_UNAUTHORIZED = 401
_LEEWAY_SECONDS = 300
"""By how much our clock and Google's may differ."""


class GmailConnecting:
    """What Gmail does for the connection itself (`connections.providers.Adapter`)."""

    def accounts(self, opened: OpenConnection) -> list[Account]:
        """Answer the mailbox the consent was given for, as Google's signed word says."""
        if opened.scopes and SEND not in opened.scopes:
            raise RefusedError(
                "Google was not asked to let Nexus send: the box “Send email on your behalf” was "
                "left empty. Connect again and tick it."
            )
        person = self._identity(opened)
        address = str(person.get("email", ""))
        if not address or person.get("email_verified") is not True:
            raise RefusedError("Google names no verified mail address for this account.")
        return [Account(str(person["sub"]), address, str(person.get("hd", "")))]

    def check(self, opened: OpenConnection) -> str:
        """Ask Google whose the token is: nothing is sent."""
        answer = self._person(opened)
        if answer.status_code == _UNAUTHORIZED:
            opened = tokens.refused(opened)
            answer = self._person(opened)
        http.raise_for(answer, vendor="Gmail")
        try:
            address = str(answer.json()["email"])
        except (ValueError, KeyError, TypeError):
            raise RetryLaterError("Google gave an answer nobody can read.") from None
        if address.casefold() != opened.account_name.casefold():
            raise BrokenConnectionError(
                f"Google now names another mailbox ({address}). Connect Gmail again."
            )
        return f"Google answers for {address}. Mails go out from there; no mail was sent now."

    def revoke(self, opened: OpenConnection) -> None:
        """Give the access back: with the lasting token, all that came of it ends."""
        lasting = opened.secrets.get("refresh_token", "") or opened.token
        oauth.revoke(provider(opened.provider), lasting)

    @staticmethod
    def _identity(opened: OpenConnection) -> dict[str, Any]:
        """Read the id token; raises RefusedError unless Google signed it for us, now."""
        from joserfc import jwk, jwt
        from joserfc.errors import JoseError

        vendor = provider(opened.provider)
        assert vendor.oauth is not None  # noqa: S101 - Gmail has no other way in
        with http.client(provider=vendor, base_url=_origin(CERTS)) as client:
            certificates = client.get(addresses.url(CERTS))
        http.raise_for(certificates, vendor="Google")
        issuer = addresses.url(ISSUER)
        try:
            keys = jwk.KeySet.import_key_set(certificates.json())
            token = jwt.decode(opened.secrets.get("id_token", ""), keys, algorithms=["RS256"])
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_SECONDS,
                iss={"essential": True, "values": [issuer, issuer.removeprefix("https://")]},
                aud={"essential": True, "value": vendor.oauth.client_id},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(token.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise RefusedError(
                "Google's word about the account could not be verified. Connect again; if it goes "
                "on, the operators have to look."
            ) from error
        return dict(token.claims)

    @staticmethod
    def _person(opened: OpenConnection) -> httpx2.Response:
        with http.client(
            opened,
            provider=provider(opened.provider),
            base_url=_origin(PERSON),
            headers={"Authorization": f"Bearer {opened.token}"},
        ) as client:
            return client.get(addresses.url(PERSON))


def _origin(name: str) -> str:
    parts = urlsplit(addresses.url(name))
    return f"{parts.scheme}://{parts.netloc}"
