"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

from django.core.wsgi import get_wsgi_application

from config.frames import with_room

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
_answer = get_wsgi_application()
# What is loaded by now stays: the collector passes it by, and no request waits for a walk through all of it.
gc.collect()
gc.freeze()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
    """Answer a request."""
    return with_room(_answer, environ, start_response)
