"""The wiring: settings, environment, URLs, command line. Nobody imports it."""

from config.celery import app as celery_app  # shared tasks find their broker through it

__all__ = ["celery_app"]
