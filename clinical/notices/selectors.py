"""Questions about a person's own notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404

from clinical.notices.encryption import encoded, public_point, signing_key
from clinical.notices.models import Notice, PushSubscription

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

    from accounts.models import User

SHOWN_UNDER_BELL = 12
PAGE_SIZE = 60
MOST_COUNTED = 99


def unread_of(actor: User) -> QuerySet[Notice]:
    return Notice.objects.filter(user=actor, read_at=None)


def count_unread(actor: User) -> int:
    """Answer how many; past MOST_COUNTED nobody counts."""
    return unread_of(actor).order_by()[: MOST_COUNTED + 1].count()


def latest_notices(actor: User, *, size: int = PAGE_SIZE) -> list[Notice]:
    """Answer the newest; what has been read stays among them."""
    return list(Notice.objects.filter(user=actor)[:size])


def get_notice(actor: User, pk: UUID) -> Notice:
    """Answer one of the person's own; raises Http404."""
    found = Notice.objects.filter(user=actor, pk=pk).first()
    if found is None:
        raise Http404("There is no such notice.")
    return found


def devices_of(actor: User) -> list[PushSubscription]:
    return list(PushSubscription.objects.filter(user=actor))


def push_public_key() -> str:
    """Answer what a browser needs to subscribe; nothing where the installation sends no pushes."""
    if not settings.PUSH_KEY:
        return ""
    return encoded(public_point(signing_key(settings.PUSH_KEY)))
