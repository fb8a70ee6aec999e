"""The mailed link: proof that its bearer reads the mailbox."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from onboarding.subscription.offer import offer

_SALT = "signup.confirm"


class LinkClosedError(Exception):
    """The link is forged, cut off or too old."""


def token_of(signup_id: UUID) -> str:
    """Make the token of a link; it is good for `offer().sign_up.link_hours`."""
    return signing.dumps(str(signup_id), salt=_SALT)


def signup_id_of(token: str) -> UUID:
    """Answer whose the token is; raises LinkClosedError."""
    try:
        hours = offer().sign_up.link_hours
        return UUID(signing.loads(token, salt=_SALT, max_age=hours * 3600))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkClosedError(
            "This link does not work any more. Sign up once more; it takes a minute."
        ) from error


def link_of(signup_id: UUID) -> str:
    """Write the whole address that is mailed."""
    path = reverse("signup:confirm", args=[token_of(signup_id)], urlconf=settings.ROOT_URLCONF)
    return public_url() + path


def public_url() -> str:
    """Answer the platform's own site, without a slash at the end."""
    scheme = "https" if settings.SECURE else "http"
    port = f":{settings.WEB_PORT}" if settings.WEB_PORT not in {80, 443} else ""
    return f"{scheme}://{settings.BASE_DOMAIN}{port}"
