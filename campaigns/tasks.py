"""What workers do for campaigns. State is in PostgreSQL: these only wake the services."""

import logging
from collections.abc import Collection

from celery import shared_task
from django.db import transaction
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from campaigns.services import feed_runs, following, link_asking, rehearsing

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


@shared_task(acks_late=True, ignore_result=True)
def rehearse(*, account_id: int, campaign_id: int) -> None:
    """Go on with a campaign's rehearsal for at most a minute and wake the next slice; a duplicate repeats nothing."""
    if rehearsing.run_slice(account_id=account_id, campaign_id=campaign_id, clock=now):
        rehearse.delay(account_id=account_id, campaign_id=campaign_id)


@shared_task(acks_late=True, ignore_result=True)
def ask_links(*, account_id: int) -> None:
    """Ask an account's links for at most half a minute and wake the next slice."""
    if link_asking.run_slice(account_id=account_id, clock=now):
        ask_links.delay(account_id=account_id)


@shared_task(ignore_result=True)
def wake_checks() -> None:
    """Wake what waits for a worker before sending, and what has lost its worker."""
    for account_id, campaign_id in rehearsing.due(now=now()):
        rehearse.delay(account_id=account_id, campaign_id=campaign_id)
    for account_id in link_asking.due(now=now()):
        ask_links.delay(account_id=account_id)


@shared_task(acks_late=True, ignore_result=True)
def look_at_feed(*, account_id: int, feed_id: int) -> None:
    """Look at a feed and run it if its time has come; a duplicate finds it done, or held by the first."""
    feed_runs.look_after(account_id=account_id, feed_id=feed_id, clock=now)


@shared_task(ignore_result=True)
def wake_feeds() -> None:
    """Wake a worker for each feed whose time has come, or that somebody waits for."""
    for account_id, feed_id in feed_runs.due(now=now()):
        look_at_feed.delay(account_id=account_id, feed_id=feed_id)


def wake_feed_after_commit(*, account_id: int, feed_id: int) -> None:
    """Wake a worker for a feed that somebody waits for; without a broker, the scheduler finds it."""

    def wake() -> None:
        try:
            look_at_feed.delay(account_id=account_id, feed_id=feed_id)
        except OperationalError:
            logger.warning("the broker is away; the scheduler will find the work", extra={"feed": feed_id})

    transaction.on_commit(wake)


def wake_checks_after_commit(*, account_id: int, campaign_id: int, what: Collection[str]) -> None:
    """Wake workers for the live checks of a review, by name; without a broker, the scheduler finds them."""

    def wake() -> None:
        try:
            if "rehearsal" in what:
                rehearse.delay(account_id=account_id, campaign_id=campaign_id)
            if "links" in what:
                ask_links.delay(account_id=account_id)
        except OperationalError:
            logger.warning("the broker is away; the scheduler will find the work", extra={"campaign": campaign_id})

    if what:
        transaction.on_commit(wake)


def wake_after_commit(*, account_id: int, campaign_id: int) -> None:
    """Wake a worker once the rows it needs are there; without a broker, the scheduler finds them."""

    def wake() -> None:
        try:
            start_campaign.delay(account_id=account_id, campaign_id=campaign_id)
        except OperationalError:
            logger.warning("the broker is away; the scheduler will find the work", extra={"campaign": campaign_id})

    transaction.on_commit(wake)
