"""What a provider reports about a message, done like a report by mail: found by our token, never by an address."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from delivery.models import Mailing
from delivery.services.providers import METADATA
from delivery.statuses.weighing import weigh
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope
from tracking.models import Kind, Notice
from tracking.services import opting_out, signals
from tracking.services.signals import Learnt

_TOKEN = re.compile(r"<?([A-Za-z0-9_-]{32})(?:@[^>\s]*)?>?\Z")
_ARRIVED = {
    EventType.QUEUED,
    EventType.SENT,
    EventType.DEFERRED,
    EventType.DELIVERED,
    EventType.AUTORESPONDED,
    EventType.OPENED,
    EventType.CLICKED,
}
# What providers call bounces in their own words. Source: the webhook references of the twelve.
_SOFT = re.compile(
    r"soft[_ -]?bounce|softfail|\btransient\b|soft_bounced|temporary|\bdeferred\b|err_.*temporary", re.IGNORECASE
)
_HARD = re.compile(r"hard[_ -]?bounce|hardfail|\bpermanent\b|hard_bounced|invalid_email|badmailbox", re.IGNORECASE)
# A filter's word on the content, which anymail takes for a person's: Postmark's code 512, and SparkPost's own policy.
_BY_FILTERS = {"SpamNotification", "policy_rejection"}
_FOR_SENDER = {RejectReason.SPAM, RejectReason.BLOCKED}


def apply_event(*, event: AnymailTrackingEvent, account_id: int, now: datetime) -> bool:
    """Do what an event asks for; tell whether it was about a message of this account."""
    about = _message(event, account_id)
    if about is None:
        return False
    mailing_id, sequence = about
    kind = event.event_type
    if _is_complaint(event):
        _learn(about, Kind.COMPLAINT, "", now)
    elif kind == EventType.UNSUBSCRIBED or event.reject_reason == RejectReason.UNSUBSCRIBED:
        opting_out.opt_out_by_mail(mailing_id=mailing_id, sequence=sequence, now=now)
    elif kind in (EventType.BOUNCED, EventType.REJECTED, EventType.FAILED, EventType.COMPLAINED):
        _learn(about, Kind.BOUNCE, status_of(event), now)
    elif kind in _ARRIVED:
        is_delivered = kind == EventType.DELIVERED
        signals.note_arrival(mailing_id=mailing_id, sequence=sequence, is_delivered=is_delivered, now=now)
    return True


def _is_complaint(event: AnymailTrackingEvent) -> bool:
    """Tell whether the person reported the mail as spam, now or before."""
    if not _BY_FILTERS.isdisjoint(_own_words(event.esp_event)):
        return False
    is_known = event.event_type == EventType.REJECTED and event.reject_reason == RejectReason.SPAM
    return bool(event.event_type == EventType.COMPLAINED or is_known)


def _learn(about: tuple[int, int], kind: Kind, status: str, now: datetime) -> None:
    learnt = Learnt(*about, kind, status, source=Notice.Source.PROVIDER)
    signals.apply_signal(learnt=learnt, now=now)


def status_of(event: AnymailTrackingEvent) -> str:
    """Return the status that a provider's bounce stands for: the server's words first, then the provider's own."""
    own = " ".join(_own_words(event.esp_event))
    words = " ".join(filter(None, (event.mta_response, event.description)))
    weighed = weigh(words=words)
    if event.event_type == EventType.FAILED and not weighed and not _HARD.search(own):
        return "5.6.0"  # the provider could not even send it: the content's or the account's fault
    is_soft = bool(_SOFT.search(own)) and not _HARD.search(own)
    if event.reject_reason in _FOR_SENDER:
        return "4.7.0" if is_soft else "5.7.1"
    if weighed:
        return weighed.status if not is_soft else f"4.{weighed.code[1]}.{weighed.code[2]}"
    if is_soft or event.reject_reason == RejectReason.TIMED_OUT:
        return "4.0.0"
    return "5.1.1" if _HARD.search(own) or event.reject_reason == RejectReason.INVALID else "5.0.0"


def _own_words(found: Any, *, depth: int = 0) -> Iterator[str]:
    """Yield the short words in which a provider names the kind of its event."""
    items = found.items() if hasattr(found, "items") else ()
    for name, value in list(items)[:100]:
        if hasattr(value, "items") and depth < 4:
            yield from _own_words(value, depth=depth + 1)
        elif name == "hard_bounce":
            yield "hard_bounce" if value in (True, "true", "1", 1) else "soft_bounce"
        elif str(name).lower() in _NAMES and isinstance(value, str):
            yield value[:60]


_NAMES = {
    "event", "type", "record_type", "bouncetype", "severity", "status", "delivery_status", "event_name", "recordtype",
}  # fmt: skip


def _message(event: AnymailTrackingEvent, account_id: int) -> tuple[int, int] | None:
    """Return the message by whatever token of ours the provider hands back; None where it is not this account's."""
    for text in _handed_back(event):
        found = _TOKEN.match(text)
        if not found:
            continue
        try:
            mailing_id, sequence = signing.read_message_token(found[1])
        except signing.BadToken:
            continue
        with account_scope(account_id):
            if Mailing.objects.filter(pk=mailing_id).exists():
                return mailing_id, sequence
    return None


def _handed_back(event: AnymailTrackingEvent) -> Iterator[str]:
    metadata = event.metadata if hasattr(event.metadata, "get") else {}
    yield str(metadata.get(METADATA, ""))
    yield from (str(tag) for tag in event.tags or ())
    yield str(event.message_id or "")
    if hasattr(event.esp_event, "get"):
        yield str(event.esp_event.get("smtp-id") or "")
