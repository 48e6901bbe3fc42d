"""Looking into the platform's mailbox for bounces, one worker at a time."""

import logging
import time
from datetime import datetime

from django.conf import settings
from django.core.cache import cache

from tracking.doors import mailboxes
from tracking.services import taking_mail

logger = logging.getLogger(__name__)

_LEASE = "tracking:mailbox"
_SECONDS = 45


def poll_mailbox(*, now: datetime) -> int:
    """Take what lies in the mailbox that BOUNCE_MAILBOX_URL names; return how many mails. 0 also where another does it."""
    if not settings.BOUNCE_MAILBOX_URL or not cache.add(_LEASE, "", timeout=_SECONDS * 2):
        return 0
    until = time.monotonic() + _SECONDS
    try:
        return mailboxes.empty(
            mailboxes.Mailbox.of(settings.BOUNCE_MAILBOX_URL),
            lambda recipient, content: _take(recipient, content, now),
            may_go_on=lambda: time.monotonic() < until,
        )
    except mailboxes.CannotLook as error:
        logger.error("the bounce mailbox can't be looked into", extra={"why": str(error)})
        return 0
    finally:
        cache.delete(_LEASE)


def _take(recipient: str, content: bytes, now: datetime) -> None:
    taking_mail.take_mail(recipient=recipient, content=content, now=now)
