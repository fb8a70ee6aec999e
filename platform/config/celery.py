"""The Celery application. Its settings are Django’s, named with CELERY_ before."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task

from config.frames import with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class RoomyTask(Task):  # type: ignore[type-arg]
    """What every task is."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return with_room(super().__call__, *args, **kwargs)


app = Celery("nexus", task_cls=RoomyTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
