"""Wakers: what is due stands in the database, and the scheduler asks again if a task is lost."""

import logging

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from privacy.services import ledger, moving, retention

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)
def move_requests() -> None:
    """Move what is due: reminders, lapses, silent owners, cooled-off erasures, work to carry out."""
    if ledger.may_serve():
        moving.move_requests(now=timezone.now())


@shared_task(acks_late=True, ignore_result=True)
def carry_out_due() -> None:
    """Carry out what is executing, soon after somebody approved it."""
    if ledger.may_serve():
        moving.carry_out_due(now=timezone.now())


@shared_task(acks_late=True, ignore_result=True)
def sweep_retention() -> None:
    """Let go of what has been kept for long enough."""
    if ledger.may_serve():
        retention.sweep(now=timezone.now())


def wake() -> None:
    """Ask a worker, after commit, to carry out what is due; the scheduler asks every half minute anyway."""
    transaction.on_commit(_wake)


def _wake() -> None:
    try:
        carry_out_due.delay()
    except OperationalError:
        logger.warning("no worker woken: the broker is away")
