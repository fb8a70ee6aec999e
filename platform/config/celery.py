"""The Celery application: JSON only, late acknowledgement, the clinic in every message."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("nexus")
app.config_from_object(
    {
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "worker_prefetch_multiplier": 1,
        "worker_hijack_root_logger": False,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {"visibility_timeout": 6 * 60 * 60},
        "timezone": "UTC",
    }
)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
