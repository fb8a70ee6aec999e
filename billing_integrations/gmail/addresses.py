"""Where Google is reached; an installation can point each elsewhere (`NEXUS_VENDOR_URLS`)."""

from __future__ import annotations

from connections import addresses

AUTHORIZE, TOKEN, REVOKE = "google.authorize", "google.token", "google.revoke"
CERTS, ISSUER, PERSON, API = "google.certs", "google.issuer", "google.person", "google.api"


def offer_all() -> None:
    """Register the addresses as Google publishes them."""
    addresses.offer(AUTHORIZE, "https://accounts.google.com/o/oauth2/v2/auth")
    addresses.offer(TOKEN, "https://oauth2.googleapis.com/token")
    addresses.offer(REVOKE, "https://oauth2.googleapis.com/revoke")
    addresses.offer(CERTS, "https://www.googleapis.com/oauth2/v3/certs")
    addresses.offer(ISSUER, "https://accounts.google.com")
    addresses.offer(PERSON, "https://www.googleapis.com/oauth2/v2/userinfo")
    addresses.offer(API, "https://gmail.googleapis.com")
