"""Background work about patients."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from clinical.patients.duplicates import search_for_duplicates
from clinical.patients.models import DuplicateSearch
from clinical.patients.summaries import refresh_all
from tenants.tasks import in_every_clinic, tenant_task

log = logging.getLogger(__name__)


@tenant_task(name="patients.find_duplicates")
def find_duplicates(search_id: str = "") -> None:
    """Look through the clinic for people who are here twice."""
    search = DuplicateSearch.objects.filter(pk=UUID(search_id)).first() if search_id else None
    if search is None:
        search = DuplicateSearch.objects.create()
    if search.finished_at is None:
        search_for_duplicates(search, now=timezone.now())


@tenant_task(name="patients.refresh_summaries")
def refresh_summaries() -> None:
    """Make right the summaries that a large write left to be made."""
    refresh_all()


@shared_task(name="patients.find_duplicates_everywhere")
def find_duplicates_everywhere() -> None:
    """Look through every open clinic; one clinic's trouble must not stop the others."""
    in_every_clinic(lambda _: find_duplicates(), what="comparing the patients")
