"""What Celery wakes. State is in PostgreSQL; a lost or doubled task loses and sends nothing twice."""

import logging
from datetime import UTC, datetime

import redis
from celery import current_app, shared_task
from django.conf import settings
from django.core.cache import cache

from accounts.models import Account
from contacts.models import Contact
from delivery import queries
from delivery.models import Connection, Sender, SendingDomain
from delivery.services import domain_checks, recovering, settling, single, starting
from delivery.services.compiling import Content
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

logger = logging.getLogger(__name__)

_SECONDS = 50.0  # a slot's run; with what is in flight it stays below a minute
_MARK_SECONDS = 20
_LOCK_SECONDS = 90
SLOTS = 2  # tasks that may work at one mailing at once


@shared_task
def wake_due() -> int:
    """Start a slot for what has open batches that may go, account by account in turn."""
    now = datetime.now(UTC)
    for account_id, mailing_id in queries.idle_mailings():
        settling.finish_mailing(account_id=account_id, mailing_id=mailing_id, now=now)
    due = queries.due_mailings(now=now)
    for slot in range(SLOTS):
        for account_id, mailing_id in due:
            wake_slot(account_id=account_id, mailing_id=mailing_id, slot=slot)
    return len(due)


def wake_slot(*, account_id: int, mailing_id: int, slot: int = 0) -> None:
    """Ask for a slot's task unless one waits or runs already."""
    if not cache.get(_lock(mailing_id, slot)) and cache.add(_mark(mailing_id, slot), 1, timeout=_MARK_SECONDS):
        send_slot.delay(account_id=account_id, mailing_id=mailing_id, slot=slot)


@shared_task
def send_slot(*, account_id: int, mailing_id: int, slot: int) -> None:
    """Send a mailing's batches for under a minute, then wake the next; a doubled delivery ends at once."""
    cache.delete(_mark(mailing_id, slot))
    if not cache.add(_lock(mailing_id, slot), 1, timeout=_LOCK_SECONDS):
        return
    try:
        more = starting.run_slot(
            account_id=account_id, mailing_id=mailing_id, seconds=_SECONDS, should_yield=others_wait
        )
    finally:
        cache.delete(_lock(mailing_id, slot))
    if more:
        wake_slot(account_id=account_id, mailing_id=mailing_id, slot=slot)


@shared_task
def recover_expired() -> int:
    """Settle the batches of dead workers."""
    now = datetime.now(UTC)
    recovered = recovering.recover_batches(now=now)
    recovering.remove_orphans(now=now)
    return recovered


@shared_task
def send_test(
    *,
    account_id: int,
    sender_id: int,
    to: str,
    content: dict[str, str],
    contact_id: int | None = None,
    connection_id: int | None = None,
) -> None:
    """Send a test mail; `content` has subject, source, kind and preheader."""
    with account_scope(account_id):
        account = Account.objects.get(pk=account_id)
        sender = Sender.objects.get(pk=sender_id)
        contact = Contact.objects.filter(pk=contact_id).first() if contact_id else None
        connection = Connection.objects.filter(pk=connection_id).first() if connection_id else None
    try:
        single.send_test_mail(
            account=account,
            content=Content(**content),
            sender=sender,
            to=to,
            contact=contact,
            connection=connection,
            now=datetime.now(UTC),
        )
    except ExpectedError:
        logger.warning("test mail not sent", extra={"account": account_id, "sender": sender_id})


@shared_task
def check_domain(*, account_id: int, domain_id: int, scheduled: bool = False) -> bool:
    """Look up a sending domain's DNS records; a doubled delivery looks twice."""
    with account_scope(account_id):
        domain = SendingDomain.objects.filter(pk=domain_id).first()
    if domain is None:
        return False
    now, resolver = datetime.now(UTC), domain_checks.make_resolver()
    return domain_checks.check_domain(domain=domain, resolver=resolver, now=now, scheduled=scheduled)


@shared_task
def wake_domain_checks() -> int:
    """Have the domains looked at that are due, each by a task of its own."""
    due = domain_checks.take_due(now=datetime.now(UTC))
    for account_id, domain_id in due:
        check_domain.delay(account_id=account_id, domain_id=domain_id, scheduled=True)
    return len(due)


def others_wait() -> bool:
    """Tell whether other slots wait for a worker: then this one lets go after its batch, which is what is fair."""
    queue = current_app.conf.task_routes["delivery.tasks.send_slot"]["queue"]
    try:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            return bool(client.llen(queue))
    except redis.RedisError:
        return False


def _mark(mailing_id: int, slot: int) -> str:
    return f"delivery-woken:{mailing_id}:{slot}"


def _lock(mailing_id: int, slot: int) -> str:
    return f"delivery-slot:{mailing_id}:{slot}"
