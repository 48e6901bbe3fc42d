"""What lower apps want mailed or announced, put down in the same transaction as its cause.

Higher apps register handlers (`handles`) in their AppConfig.ready. `drain` claims one entry after the other: a short
transaction moves its due time on, so that no other drain takes it while the handlers run, outside any transaction; the
entry is removed when they are done. Entries are handed over at least once: a process that dies between handing over
and removing leaves an entry that is handed over again. Handlers are therefore safe to run again; a mail may, in that
worst case, be sent twice.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import transaction

from accounts.models import Outbox
from emailconcert.lib import encryption
from emailconcert.lib.tenancy import platform_scope

logger = logging.getLogger(__name__)

_CONTEXT = "accounts_outbox.sealed_payload"
_ATTEMPTS = 12
# Longer than any handler takes: sending waits for the mail server up to a minute at each turn.
_HOLD = timedelta(seconds=300)

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Entry:
    """One entry as its handler sees it."""

    id: int
    account_id: int | None
    kind: str
    topic: str
    payload: dict[str, Any]
    created_at: datetime


Handler = Callable[[Entry], None]
_handlers: dict[str, list[Handler]] = {Outbox.Kind.MAIL: [], Outbox.Kind.EVENT: []}
_guards: list[Callable[[], bool]] = []


def handles(kind: Outbox.Kind) -> Callable[[Handler], Handler]:
    """Register a function for every entry of `kind`."""

    def register(handler: Handler) -> Handler:
        if handler not in _handlers[kind]:
            _handlers[kind].append(handler)
        return handler

    return register


def register_guard(may_drain: Callable[[], bool]) -> None:
    """Register a function that is asked before each entry whether anything may be handed over now."""
    if may_drain not in _guards:
        _guards.append(may_drain)


def give_up_restored(*, now: datetime) -> int:
    """Let nothing of a restored backup leave again: what waited then has left since. Call in the platform's scope."""
    return Outbox.objects.filter(failed_at=None).update(failed_at=now, error="restored")


def put_mail(
    *, template: str, to: str, context: dict[str, Any], language: str = "en", account_id: int | None, now: datetime
) -> None:
    """Ask for one service mail: `templates/mail/{template}.subject.txt`, `.txt` and `.html` rendered with `context`.

    `context` holds plain JSON values. The mail leaves after commit, by delivery's handler.
    """
    payload = {"to": to, "context": context, "language": language}
    _put(kind=Outbox.Kind.MAIL, topic=template, payload=payload, account_id=account_id, now=now)


def put_event(*, topic: str, payload: dict[str, Any], account_id: int, now: datetime) -> None:
    """Announce a domain event, for example `contact.subscribed`; ids only."""
    _put(kind=Outbox.Kind.EVENT, topic=topic, payload=payload, account_id=account_id, now=now)


def _put(*, kind: Outbox.Kind, topic: str, payload: dict[str, Any], account_id: int | None, now: datetime) -> None:
    # bulk_create of one: the application's role may insert here but not read back.
    entry = Outbox(
        account_id=account_id,
        kind=kind,
        topic=topic,
        sealed_payload=encryption.seal(orjson.dumps(payload), context=_CONTEXT),
        due_at=now,
    )
    with platform_scope("accounts: put into the outbox"):
        entry.save(force_insert=True)


def drain(*, now: datetime | Clock, limit: int = 200) -> int:
    """Hand over what is due; return how many entries were handled.

    `now` is a clock, read again for each entry, as handing over takes time; or one moment that stands for all of it.
    """
    clock = now if callable(now) else lambda: now
    handled = 0
    for _ in range(limit):
        row = _claim(clock()) if all(may_drain() for may_drain in _guards) else None
        if row is None:
            break
        if row.failed_at is None:
            _hand_over(row, clock)
        handled += 1
    return handled


def _claim(now: datetime) -> Outbox | None:
    with transaction.atomic(), platform_scope("accounts: drain the outbox"):
        row = (
            Outbox.objects.select_for_update(skip_locked=True)
            .filter(due_at__lte=now, failed_at=None)
            .order_by("due_at")
            .first()
        )
        if row is not None:
            # Claimed by moving it on: a handler that dies with its process is tried again then.
            row.attempts += 1
            row.due_at = now + _HOLD
            if row.attempts > _ATTEMPTS:
                row.failed_at = now
            row.save(update_fields=["attempts", "due_at", "failed_at"])
    return row


def _hand_over(row: Outbox, clock: Clock) -> None:
    payload = orjson.loads(encryption.unseal(bytes(row.sealed_payload), context=_CONTEXT))
    entry = Entry(row.pk, row.account_id, row.kind, row.topic, payload, row.created_at)
    try:
        for handler in _handlers[Outbox.Kind(row.kind)]:
            handler(entry)
    except Exception as error:  # the entry stays and is tried again; one bad handler stops nobody
        logger.exception("outbox entry failed", extra={"entry": row.pk, "topic": row.topic})
        again = clock() + timedelta(seconds=min(3600, 10 * 2**row.attempts))
        with platform_scope("accounts: drain the outbox"):
            # Only while it is still ours: who claimed it since decides when it is due.
            mine = Outbox.objects.filter(pk=row.pk, attempts=row.attempts)
            mine.update(error=type(error).__name__, due_at=again)
        return
    with platform_scope("accounts: drain the outbox"):
        Outbox.objects.filter(pk=row.pk).delete()
