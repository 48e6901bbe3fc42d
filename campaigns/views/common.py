"""What the views of one campaign share."""

import logging

from celery import Task
from django.db import transaction
from django.shortcuts import get_object_or_404
from kombu.exceptions import OperationalError

from accounts.access import MemberRequest
from campaigns.models import Campaign

logger = logging.getLogger(__name__)


def campaign_or_404(request: MemberRequest, pk: int) -> Campaign:
    """Return the account's campaign; deleted drafts are gone."""
    kept = request.account.campaign_set.filter(deleted_at=None).select_related("sender")
    return get_object_or_404(kept, pk=pk)


def after_commit(task: "Task[..., None]", **arguments: int) -> None:
    """Wake a worker once the row it needs is there; without a broker, the scheduler finds it."""

    def wake() -> None:
        try:
            task.delay(**arguments)
        except OperationalError:
            logger.warning("the broker is away; the scheduler will find the work", extra=dict(arguments))

    transaction.on_commit(wake)
