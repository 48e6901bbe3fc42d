"""The Celery application; tasks only wake what PostgreSQL says is due.

Queues: `urgent` and `sending` (delivery's slots), `default` (everything else). A worker takes from its queues in the order
in which it was told them.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emailconcert.settings")

app = Celery("emailconcert")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = "default"
app.conf.task_routes = {"delivery.tasks.send_slot": {"queue": "sending"}}
app.autodiscover_tasks()
