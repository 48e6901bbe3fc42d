"""What workers do for tracking. State is in PostgreSQL: a task that is lost or doubled does no harm."""

import time

from celery import shared_task
from django.utils import timezone

from tracking.services import emptying, partitions, polling

_SECONDS = 40.0
_MANY = 5_000


@shared_task(acks_late=True, ignore_result=True)
def empty_inbox() -> None:
    """Empty the inbox, for less than a minute; the scheduler wakes the next."""
    until = time.monotonic() + _SECONDS
    while emptying.empty_inbox(now=timezone.now()) >= _MANY and time.monotonic() < until:
        pass


@shared_task(ignore_result=True)
def make_partitions() -> None:
    """Make the partitions that events will need."""
    partitions.make_partitions(now=timezone.now())


@shared_task(ignore_result=True)
def poll_mailbox() -> None:
    """Look into the mailbox for bounces, if there is one."""
    polling.poll_mailbox(now=timezone.now())
