"""Links to a report's bytes: good for some minutes, for one person and one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing

from tenants.scope import current_scope

if TYPE_CHECKING:
    from accounts.models import User
    from clinical.reports.models import ReportFile

SALT = "reports.link"
SECONDS = 600


def sign_link(file: ReportFile, *, actor: User) -> str:
    """Answer the token that goes into the address."""
    return _signer(file, actor).sign("").lstrip(":")


def is_good(token: str, file: ReportFile, *, actor: User) -> bool:
    try:
        _signer(file, actor).unsign(f":{token}", max_age=SECONDS)
    except signing.BadSignature:
        return False
    return True


def _signer(file: ReportFile, actor: User) -> signing.TimestampSigner:
    return signing.TimestampSigner(
        salt=":".join((SALT, current_scope().key, str(actor.pk), str(file.pk)))
    )
