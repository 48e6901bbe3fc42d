"""What is learnt about a message after sending, and what follows for the person. Source: RFC 3463 §3, RFC 3464, RFC 5965.

A notice counts once per message, kind and status, however often it comes.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models.functions import Greatest

from accounts.services import outbox
from contacts.models import Contact
from contacts.services import people
from delivery.models import Mailing, Message, Outcome, Signal
from delivery.services import proving, reputation, stopping
from delivery.statuses.table import Severity, severity
from emailconcert.lib.tenancy import account_scope, platform_scope
from privacy.models import Suppression
from privacy.services import standing
from tracking.models import Inbox, Kind, Notice

logger = logging.getLogger(__name__)

_SECOND = 2
_SOFT_STRIKES = 5
_SOFT_SPAN = timedelta(days=15)
_HOLD = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


@dataclass(frozen=True)
class Learnt:
    """One notice about one message: a bounce with its status, or a complaint."""

    mailing_id: int
    sequence: int
    kind: Kind
    status: str = ""
    action: str = "failed"
    source: Notice.Source = Notice.Source.MAIL


def apply_signal(*, learnt: Learnt, now: datetime) -> bool:
    """Write down what was learnt and do what follows; tell whether it was news."""
    account_id = _account_of(learnt.mailing_id)
    if account_id is None:
        return False
    weight = Severity.HARD
    if learnt.kind == Kind.BOUNCE:
        weight = severity(status=learnt.status, action=learnt.action)
        if weight == Severity.NONE:
            return False
    with account_scope(account_id):
        message = Message.objects.filter(
            account_id=account_id, mailing_id=learnt.mailing_id, sequence=learnt.sequence
        ).first()
        if message is None:
            return False
        _prove(message, now=now)
        worst = _worst_so_far(learnt)
        if not _write_down(learnt, message, now=now):
            return False
        _mark(message, learnt, weight)  # the message before the counts, as where a batch is settled: no deadlock
        _count_for_reputation(learnt, account_id, weight, worst, now=now)
        if worst != Severity.HARD:  # else one person with one token could stop a mailing, by a report per status
            _count_against_mailing(learnt, account_id, weight, now=now)
        if learnt.kind == Kind.COMPLAINT:
            _suppress(message, Suppression.Reason.COMPLAINED, now=now)
        elif weight == Severity.SENDERS_FAULT:
            _tell("message.refused", message, learnt, now=now)
        elif weight == Severity.HARD or _has_struck_out(message, weight):
            _suppress(message, Suppression.Reason.BOUNCED, now=now)
        return True


def note_arrival(*, mailing_id: int, sequence: int, is_delivered: bool, now: datetime) -> bool:
    """Note that a message was taken by a mail server, or `is_delivered`; tell whether the message is known."""
    account_id = _account_of(mailing_id)
    if account_id is None:
        return False
    with account_scope(account_id):
        message = Message.objects.filter(account_id=account_id, mailing_id=mailing_id, sequence=sequence).first()
        if message is None:
            return False
        _prove(message, now=now)
        if is_delivered and message.signal < Signal.DELIVERED:
            _raise_signal(message, Signal.DELIVERED)
        return True


def _prove(message: Message, *, now: datetime) -> None:
    if message.outcome == Outcome.UNCONFIRMED:
        proving.prove_sent(
            account_id=message.account_id, mailing_id=message.mailing_id, sequence=message.sequence, now=now
        )


def _count_against_mailing(learnt: Learnt, account_id: int, weight: Severity, *, now: datetime) -> None:
    hard = int(learnt.kind == Kind.BOUNCE and weight == Severity.HARD)
    spam = int(learnt.kind == Kind.COMPLAINT)
    if (hard or spam) and learnt.source != Notice.Source.SESSION:  # what was refused while sending is counted there
        stopping.note(account_id=account_id, mailing_id=learnt.mailing_id, hard_bounces=hard, complaints=spam, now=now)


def _worst_so_far(learnt: Learnt) -> Severity | None:
    """Return the worst noted of this kind about the message so far. Who notes the next waits for this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [f"notice {learnt.mailing_id} {learnt.sequence}"])
    known = Notice.objects.filter(mailing_id=learnt.mailing_id, sequence=learnt.sequence, kind=learnt.kind)
    weights = {severity(status=status, action="failed") for status in known.values_list("status", flat=True)}
    return next((each for each in (Severity.HARD, *weights) if each in weights), None)


def _count_for_reputation(
    learnt: Learnt, account_id: int, weight: Severity, worst: Severity | None, *, now: datetime
) -> None:
    """Count a message once in each column, and a hard bounce after a soft one in both."""
    if learnt.source == Notice.Source.SESSION:
        return  # what was refused while sending is counted where the batch is settled
    if learnt.kind == Kind.COMPLAINT:
        column = "complaints"
    else:
        column = {Severity.HARD: "hard_bounces", Severity.SENDERS_FAULT: "refused"}.get(weight, "soft_bounces")
    if worst is None or (learnt.kind == Kind.BOUNCE and weight == Severity.HARD != worst):
        reputation.count_learnt([(account_id, learnt.mailing_id, learnt.sequence)], column, now=now)


def _account_of(mailing_id: int) -> int | None:
    with platform_scope("tracking: find a notice's account"):
        return Mailing.objects.filter(pk=mailing_id).values_list("account_id", flat=True).first()


def _write_down(learnt: Learnt, message: Message, *, now: datetime) -> bool:
    """Keep the notice; the first of its kind about the message is counted as an event."""
    mine = Notice.objects.filter(mailing_id=learnt.mailing_id, sequence=learnt.sequence, kind=learnt.kind)
    is_first = not mine.exists()
    _, is_new = Notice.objects.get_or_create(
        account_id=message.account_id,
        mailing_id=learnt.mailing_id,
        sequence=learnt.sequence,
        kind=learnt.kind,
        status=learnt.status[:11],
        defaults={"contact_id": message.contact_id, "source": learnt.source, "at": now},
    )
    # What the mail server refused while sending is a failure in the ledger, not a bounce of something sent.
    if is_first and learnt.source != Notice.Source.SESSION:
        event = Inbox(
            kind=learnt.kind,
            mailing_id=learnt.mailing_id,
            sequence=learnt.sequence,
            at=now,
            agent=learnt.status,
            method="MAIL",
        )
        # As the platform's role, because the application's own may insert here but not read back.
        with platform_scope("tracking: count a notice"):
            event.save(force_insert=True)
    return is_new


def _mark(message: Message, learnt: Learnt, weight: Severity) -> None:
    if learnt.kind == Kind.COMPLAINT:
        signal = Signal.COMPLAINED
    else:
        signal = Signal.HARD_BOUNCE if weight in (Severity.HARD, Severity.STRIKE) else Signal.SOFT_BOUNCE
    _raise_signal(message, signal)


def _raise_signal(message: Message, signal: Signal) -> None:
    rows = Message.objects.filter(
        account_id=message.account_id, mailing_id=message.mailing_id, sequence=message.sequence
    )
    # Worse news stands: a complaint over a bounce, a hard one over a soft one.
    rows.update(signal=Greatest("signal", signal.value))


def _has_struck_out(message: Message, weight: Severity) -> bool:
    """Tell whether the person's strikes are enough. One message is one strike, whoever tells of it."""
    if message.contact_id is None or weight not in (Severity.STRIKE, Severity.SOFT):
        return False
    strikes: dict[tuple[int, int], datetime] = {}
    notices = Notice.objects.filter(contact_id=message.contact_id, kind=Kind.BOUNCE).order_by("-at")
    for mailing_id, sequence, status, at in notices.values_list("mailing_id", "sequence", "status", "at"):
        if severity(status=status, action="failed") == weight:
            strikes[mailing_id, sequence] = at
    if weight == Severity.STRIKE:
        return len(strikes) >= _SECOND
    times = strikes.values()
    return len(strikes) >= _SOFT_STRIKES and max(times) - min(times) >= _SOFT_SPAN


def _suppress(message: Message, reason: Suppression.Reason, *, now: datetime) -> None:
    if message.contact_id is None:
        return
    contact = Contact.objects.filter(pk=message.contact_id).first()
    if contact is None:
        digest = people.departed_hash(account_id=message.account_id, contact_id=message.contact_id)
        if digest is not None:  # deleted, not erased: they may be in again as another contact, or come in tomorrow
            standing.suppress_hash(account_id=message.account_id, address_hash=digest, reason=reason, now=now)
        return
    standing.suppress(account_id=message.account_id, address=contact.email, reason=reason, now=now)
    topic = "contact.complained" if reason == Suppression.Reason.COMPLAINED else "contact.bounced"
    payload = {"contact": contact.pk, "mailing": message.mailing_id}
    outbox.put_event(topic=topic, payload=payload, account_id=message.account_id, now=now)


def _tell(topic: str, message: Message, learnt: Learnt, *, now: datetime) -> None:
    payload = {"mailing": message.mailing_id, "sequence": message.sequence, "status": learnt.status}
    outbox.put_event(topic=topic, payload=payload, account_id=message.account_id, now=now)
