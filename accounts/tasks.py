"""What the scheduler wakes."""

from celery import shared_task
from django.utils import timezone

from accounts.services import outbox, sealing


@shared_task(acks_late=True, ignore_result=True)
def drain_outbox() -> None:
    """Hand over mails and events that are due; two at once share them."""
    outbox.drain(now=timezone.now)


@shared_task(acks_late=True, ignore_result=True)
def seal_audit() -> None:
    """Chain what was written to the audit log since; a second one at the same time does nothing."""
    sealing.seal(now=timezone.now())
