"""Telling clinics something, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from announcements.models import Announcement
from audit.services import record
from tenants.scope import current_scope

if TYPE_CHECKING:
    import uuid

TABLE = Announcement._meta.db_table


def announce(announcement: Announcement, *, made_by: str) -> Announcement:
    """Keep a new announcement, or what is new in an old one; in the operators' scope."""
    with transaction.atomic(using=current_scope().alias):
        is_new = not announcement.made_by
        if is_new:
            announcement.made_by = made_by
        announcement.save()
        _record("announcement.made" if is_new else "announcement.changed", announcement)
    return announcement


def withdraw(announcement_id: uuid.UUID) -> Announcement:
    """Take an announcement back; it is gone from the pages within seconds. Raises DoesNotExist."""
    with transaction.atomic(using=current_scope().alias):
        found: Announcement = Announcement.objects.select_for_update().get(pk=announcement_id)
        if found.withdrawn_at is None:
            found.withdrawn_at = timezone.now()
            found.save(update_fields=["withdrawn_at"])
            _record("announcement.withdrawn", found)
    return found


def _record(action: str, announcement: Announcement) -> None:
    said: dict[str, Any] = {
        "title": announcement.title,
        "kind": announcement.kind,
        "clinics": announcement.tenant_ids or "all",
        "public": announcement.is_public,
    }
    record(action, object_type=TABLE, object_id=str(announcement.pk), payload=said)
