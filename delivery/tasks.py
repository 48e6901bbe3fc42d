"""What Celery wakes. State is in PostgreSQL; a lost or doubled task loses and sends nothing twice."""

import logging
import time
from datetime import UTC, datetime

from celery import shared_task
from django.core.cache import cache

from accounts.models import Account
from contacts.models import Contact
from delivery import queries
from delivery.models import Connection, Sender, SendingDomain
from delivery.services import (
    blocklists,
    connection_tests,
    domain_checks,
    mailbox_providers,
    recovering,
    settling,
    single,
    starting,
    turns,
)
from delivery.services.compiling import Content
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

logger = logging.getLogger(__name__)

_SECONDS = 50.0  # a slot's run; with what is in flight it stays below a minute
_LOCK_SECONDS = 90
URGENT_SLOT = turns.SLOTS
_LOOKED_UP_SECONDS = 24 * 3600


@shared_task
def wake_due() -> int:
    """Start slots for the accounts that have open batches that may go; further ones only where nobody else waits."""
    now = datetime.now(UTC)
    for account_id, mailing_id in queries.idle_mailings():
        settling.finish_mailing(account_id=account_id, mailing_id=mailing_id, now=now)
    due = queries.due_accounts(now=now)
    for account_id, mailings in due.items():
        turns.announce(account_id, mailings)
        if any(each.rank == 0 for each in mailings):
            wake_urgent(account_id=account_id)
    for slot in range(turns.SLOTS):
        for account_id in due:
            if slot == 0 or not turns.others(account_id):
                wake_slot(turns.Place(account_id, slot))
    return sum(map(len, due.values()))


def wake_slot(place: turns.Place) -> None:
    """Ask for a slot's task unless one waits or runs already. An urgent one does not wait behind the others."""
    if cache.get(_lock(place)) or not turns.wait(place):
        return
    if place.is_urgent:
        arguments = {"account_id": place.account_id, "slot": place.slot, "urgent": True}
        send_slot.apply_async(kwargs=arguments, queue="urgent")
    else:
        send_slot.delay(account_id=place.account_id, slot=place.slot)


def wake_urgent(*, account_id: int) -> None:
    """Let mail that somebody waits for go at once. It has a slot of its own, beside those of the account's campaigns."""
    wake_slot(turns.Place(account_id, URGENT_SLOT, is_urgent=True))


@shared_task
def send_slot(*, account_id: int, slot: int, urgent: bool = False) -> None:
    """Send an account's mailings for under a minute, then wake the next; a doubled delivery ends at once."""
    place = turns.Place(account_id, slot, urgent)
    turns.arrive(place)
    if not cache.add(_lock(place), 1, timeout=_LOCK_SECONDS):
        return
    try:
        more = _run(place)
    finally:
        cache.delete(_lock(place))
        turns.rest(account_id, slot)
    if more and (slot == 0 or urgent or not turns.others(account_id)):
        wake_slot(place)


def _run(place: turns.Place) -> bool:
    """Serve one mailing after the other until time is up or nothing may go; True where there is more to do."""
    until, done = time.monotonic() + _SECONDS, set[int]()
    while True:
        due = [each for each in _due(place) if each.mailing_id not in done]
        mailing_id = turns.choose(place.account_id, place.slot, due)
        if mailing_id is None:
            return False
        rank = next(each.rank for each in due if each.mailing_id == mailing_id)
        turn = turns.Turn(place, mailing_id, rank)
        more = starting.run_slot(
            account_id=place.account_id,
            mailing_id=mailing_id,
            seconds=until - time.monotonic(),
            should_yield=turn.is_over,
            should_cut=turn.is_over,
        )
        if time.monotonic() > until or turn.gives_way:
            return True
        if not more:
            done.add(mailing_id)


def _due(place: turns.Place) -> list[turns.Due]:
    due = queries.due_of(place.account_id, now=datetime.now(UTC))
    return [each for each in due if each.rank == 0] if place.is_urgent else due


@shared_task
def look_up_providers() -> int:
    """Ask the DNS who runs the mailboxes that mailings under way go to; once for each mailing."""
    found = 0
    for account_id, mailing_id in queries.mailings_under_way():
        if cache.add(f"delivery-looked-up:{mailing_id}", 1, timeout=_LOOKED_UP_SECONDS):
            with account_scope(account_id):
                domains_of = mailbox_providers.domains_of_mailing(account_id=account_id, mailing_id=mailing_id)
            found += mailbox_providers.look_up(domains_of)
    return found


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
def test_connection(*, account_id: int, connection_id: int, sender: str, to: str) -> None:
    """Try a connection, and keep how far it came."""
    connection_tests.run_test(
        account_id=account_id, connection_id=connection_id, sender=sender, to=to, now=datetime.now(UTC)
    )


@shared_task
def look_up_blocklists() -> int:
    """Look up what was not for a day, for less than a minute; nothing where no lists are set."""
    return blocklists.look_up_due(resolver=domain_checks.make_resolver(), now=datetime.now(UTC))


@shared_task
def wake_domain_checks() -> int:
    """Have the domains looked at that are due, each by a task of its own."""
    due = domain_checks.take_due(now=datetime.now(UTC))
    for account_id, domain_id in due:
        check_domain.delay(account_id=account_id, domain_id=domain_id, scheduled=True)
    return len(due)


def _lock(place: turns.Place) -> str:
    return f"delivery-slot:{place.account_id}:{place.slot}"
