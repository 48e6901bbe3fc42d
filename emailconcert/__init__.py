"""Wiring: settings, addresses, processes. Imports every app; no app imports it, `emailconcert.lib` and `.shell` aside."""

from emailconcert.celery import app as celery_app

__all__ = ["celery_app"]
