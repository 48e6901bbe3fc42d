"""What workers do for campaigns. State is in PostgreSQL: these only wake the services."""

import logging

from celery import shared_task
from django.db import transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from campaigns.services import following

logger = logging.getLogger(__name__)


@shared_task(acks_late=True, ignore_result=True)
def start_campaign(*, account_id: int, campaign_id: int) -> None:
    """Gather a campaign's audience and let it go; twice is harmless."""
    following.look_after(account_id=account_id, campaign_id=campaign_id, now=now())


@shared_task(acks_late=True, ignore_result=True)
def follow_campaigns() -> None:
    """Look after every campaign under way, whatever message was lost."""
    for account_id, campaign_id in following.due(now=now()):
        start_campaign.delay(account_id=account_id, campaign_id=campaign_id)


@shared_task(acks_late=True, ignore_result=True)
def purge_deleted() -> None:
    """Remove drafts that were deleted more than a day ago."""
    following.purge_all(now=now())


def wake_after_commit(*, account_id: int, campaign_id: int) -> None:
    """Wake a worker once the rows it needs are there; without a broker, the scheduler finds them."""

    def wake() -> None:
        try:
            start_campaign.delay(account_id=account_id, campaign_id=campaign_id)
        except OperationalError:
            logger.warning("the broker is away; the scheduler will find the work", extra={"campaign": campaign_id})

    transaction.on_commit(wake)
