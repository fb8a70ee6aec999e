"""The OAuth dance with a vendor: code flow with PKCE, refreshing, giving back. No models.

The library is imported where it is spoken to: every command would wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connections import http
from connections.addresses import resolved
from ports.outcomes import BrokenConnectionError, DeliveryError, RefusedError, RetryLaterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connections.providers import OAuth, Provider

REFRESH_SECONDS = 10
_KEPT = ("access_token", "refresh_token", "id_token", "token_type")
_ENDED = {"invalid_grant", "unauthorized_client", "access_denied"}


@dataclass(frozen=True)
class Tokens:
    """What a vendor's token endpoint answered. Never logged."""

    secrets: dict[str, str]
    expires_at: datetime | None
    scopes: tuple[str, ...]

    def __repr__(self) -> str:
        return "Tokens(…)"


def authorization_url(
    provider: Provider,
    *,
    redirect_uri: str,
    state: str,
    verifier: str,
    nonce: str,
    options: Mapping[str, Any] | None = None,
) -> str:
    """Answer where the person consents; `options` of the connection may want more than usual."""
    oauth = _oauth(provider)
    with _client(provider, redirect_uri=redirect_uri, scopes=oauth.asked(options)) as client:
        extra = dict(oauth.extra)
        if "openid" in oauth.scopes:
            extra["nonce"] = nonce
        url, _state = client.create_authorization_url(
            resolved(oauth.authorize_url), state=state, code_verifier=verifier, **extra
        )
    return str(url)


def exchange(provider: Provider, *, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """Turn a code into tokens; raises `ports.outcomes` errors. A code is good once."""
    from authlib.integrations.base_client import OAuthError

    oauth = _oauth(provider)
    try:
        with _client(provider, redirect_uri=redirect_uri) as client:
            answer = client.fetch_token(
                resolved(oauth.token_url), code=code, code_verifier=verifier
            )
    except OAuthError as error:
        raise RefusedError(
            f"{provider.name} did not accept the consent ({error.error}). Start again."
        ) from None
    except DeliveryError:
        raise RetryLaterError(
            f"{provider.name} did not answer while the connection was made. Start again."
        ) from None
    except (http.HTTPError, KeyError, ValueError) as error:
        raise RefusedError(
            f"{provider.name} gave an answer nobody can read ({type(error).__name__}). Start again."
        ) from None
    return _tokens(answer, oauth)


def refresh(provider: Provider, *, refresh_token: str, scopes: tuple[str, ...] = ()) -> Tokens:
    """Get new tokens; raises BrokenConnectionError where the access has ended, else RetryLaterError."""
    from authlib.integrations.base_client import OAuthError

    oauth = _oauth(provider)
    if not refresh_token:
        raise BrokenConnectionError(
            f"{provider.name} gave no lasting access. Connect {provider.name} again."
        )
    try:
        with _client(provider, scopes=scopes) as client:
            answer = client.refresh_token(resolved(oauth.token_url), refresh_token=refresh_token)
    except OAuthError as error:
        if error.error in _ENDED:
            raise BrokenConnectionError(
                f"{provider.name} has ended the access: it was taken back there, or left too long. "
                f"Connect {provider.name} again."
            ) from None
        raise RetryLaterError(
            f"{provider.name} did not renew the access ({error.error}). We go on trying."
        ) from None
    except DeliveryError as error:
        after = getattr(error, "after", None)
        raise RetryLaterError(
            f"{provider.name} does not answer. We go on trying.", after=after
        ) from None
    except (http.HTTPError, KeyError, ValueError):
        raise RetryLaterError(
            f"{provider.name} did not renew the access. We go on trying."
        ) from None
    tokens = _tokens(answer, oauth)
    # Some vendors give a new one each time, others none: then the old one goes on.
    tokens.secrets.setdefault("refresh_token", refresh_token)
    return tokens


def revoke(provider: Provider, token: str) -> None:
    """Give a token back; that it was not known any more is as good."""
    from authlib.integrations.base_client import OAuthError

    oauth = _oauth(provider)
    if not (oauth.revoke_url and token):
        return
    try:
        with _client(provider) as client:
            client.revoke_token(resolved(oauth.revoke_url), token=token)
    except (OAuthError, ValueError):
        return


def _oauth(provider: Provider) -> OAuth:
    if provider.oauth is None:
        raise BrokenConnectionError(
            f"{provider.name} no longer takes what was entered. Connect {provider.name} again."
        )
    return provider.oauth


def _client(
    provider: Provider,
    *,
    redirect_uri: str | None = None,
    scopes: tuple[str, ...] = (),
) -> Any:
    from authlib.integrations.httpx_client import OAuth2Client

    oauth = _oauth(provider)
    return OAuth2Client(
        client_id=oauth.client_id,
        client_secret=oauth.client_secret,
        scope=" ".join(scopes or oauth.scopes),
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method=oauth.client_auth,
        revocation_endpoint_auth_method=oauth.client_auth,
        timeout=http.timeout(read=REFRESH_SECONDS),
        transport=http.VendorTransport(
            vendor=provider.name, seconds=REFRESH_SECONDS, statuses_raise=True
        ),
        trust_env=False,
        follow_redirects=False,
    )


def _tokens(answer: dict[str, Any], oauth: OAuth) -> Tokens:
    if not answer.get("access_token"):
        raise RetryLaterError("The vendor's answer held no token. We go on trying.")
    seconds = answer.get("expires_in")
    # Counted from our own clock: the vendor's may go wrong.
    expires_at = datetime.now(UTC) + timedelta(seconds=float(seconds)) if seconds else None
    scope = answer.get("scope") or ""
    return Tokens(
        secrets={name: str(answer[name]) for name in _KEPT if answer.get(name)},
        expires_at=expires_at,
        scopes=tuple(scope.split()) if isinstance(scope, str) and scope else oauth.scopes,
    )
