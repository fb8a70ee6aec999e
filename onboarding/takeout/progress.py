"""How far an export is, written beside its transaction every two seconds.

The figures stop when the process dies; an export not heard of for STALE is dead.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import DatabaseError, connections
from django.utils import timezone

from onboarding.takeout.models import Takeout
from tenants.scope import tenant_scope

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator
    from datetime import datetime

    from tenants.models import Tenant

EVERY = 2.0
STALE = timedelta(seconds=90)


class Progress:
    """Counts rows and files; `live=False` keeps the figures in memory."""

    def __init__(self, tenant: Tenant, takeout_id: uuid.UUID, *, live: bool) -> None:
        self.phase, self.done, self.total = "", 0, 0
        self._tenant, self._id, self._live = tenant, takeout_id, live
        self._end = threading.Event()

    @contextmanager
    def beating(self) -> Iterator[Progress]:
        if not self._live:
            yield self
            return
        thread = threading.Thread(target=self._beat, name="takeout heartbeat", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._end.set()
            thread.join(timeout=10)

    def _beat(self) -> None:
        try:
            while not self._end.wait(EVERY):
                self._write()
        finally:
            connections["default"].close()

    def _write(self) -> None:
        try:
            with tenant_scope(self._tenant):
                Takeout.objects.filter(pk=self._id).update(
                    phase=self.phase, done=self.done, total=self.total, heartbeat_at=timezone.now()
                )
        except DatabaseError:
            connections["default"].close()  # one missed beat is no reason to stop


def is_stale(takeout: Takeout, *, now: datetime) -> bool:
    since = takeout.heartbeat_at or takeout.created_at
    return takeout.is_working and now - since > STALE
