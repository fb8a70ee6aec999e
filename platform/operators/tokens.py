"""Tokens of the operators' API: opaque, kept as digests, each acting for one operator."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.transactions import atomic
from audit.services import record
from operators.models import ApiToken

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

PREFIX = "nxo_"
TABLE = ApiToken._meta.db_table
USED_EVERY = timedelta(minutes=1)


class TokenError(Exception):
    """The token opens nothing; the message is for whoever wrote the program."""


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@atomic
def make_token(operator: User, *, name: str, days: int) -> tuple[ApiToken, str]:
    """Make a token; answers its row and the token itself, which is kept nowhere."""
    token = PREFIX + secrets.token_urlsafe(32)
    kept = ApiToken.objects.create(
        operator=operator,
        name=name,
        digest=digest_of(token),
        hint=token[:8],
        expires_at=timezone.now() + timedelta(days=days),
    )
    record("token.made", object_type=TABLE, object_id=str(kept.pk), payload={"name": name})
    return kept, token


@atomic
def revoke_token(operator: User, token_id: uuid.UUID) -> ApiToken:
    """End one of the operator's own tokens, at once. Raises ApiToken.DoesNotExist."""
    kept: ApiToken = ApiToken.objects.select_for_update().get(pk=token_id, operator=operator)
    if kept.revoked_at is None:
        kept.revoked_at = timezone.now()
        kept.save(update_fields=["revoked_at"])
        record("token.revoked", object_type=TABLE, object_id=str(kept.pk))
    return kept


def tokens_of(operator: User) -> Sequence[ApiToken]:
    return list(ApiToken.objects.filter(operator=operator).order_by("revoked_at", "-created_at"))


def operator_of(token: str, *, address: str) -> User:
    """Answer for whom a token acts. Raises TokenError."""
    now = timezone.now()
    kept = (
        ApiToken.objects.select_related("operator")
        .filter(digest=digest_of(token), revoked_at=None, expires_at__gt=now)
        .first()
    )
    if kept is None or not kept.operator.is_active or kept.operator.role != User.Role.OPERATOR:
        raise TokenError("This token is unknown, revoked or too old. Make one on the console.")
    lately = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USED_EVERY)
    ApiToken.objects.filter(lately, pk=kept.pk).update(
        last_used_at=now, last_address=address or None
    )
    operator: User = kept.operator
    return operator
