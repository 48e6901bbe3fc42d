"""Taking a batch: under a lease, with its journal in place, and only those who may be mailed at this moment."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from accounts.models import Account
from delivery.models import Batch, Mailing, Outcome
from delivery.services import compiling, holding, judging, lasting, waiting, warming
from delivery.wire.journal import Journal, boot_id, host_name
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

# No intent is written so near a lease's end (DESIGN: 30 s); short leases, as in tests, have a quarter of their length.
LONGEST_MARGIN = 30.0
# So many batches in a row may have nobody who may leave just now; a slot that comes later finds the next.
_MOST_PASSED_OVER = 20


# What higher apps want done before any batch is claimed: tracking replays opt-outs that are still in a spool.
_before: list[Callable[[], object]] = []


def before_claim(function: Callable[[], object]) -> None:
    """Register a function that is called before each claim, outside any transaction."""
    if function not in _before:
        _before.append(function)


@dataclass(frozen=True)
class Person:
    """One recipient of a batch."""

    sequence: int
    email: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Share:
    """Who of a claim's people may leave, and in how many seconds each may (no times: all at once).

    `rest_in`: in how many seconds another may, where mailbox providers hold them up; `is_used_up`: the account's own limits
    let nobody leave just now.
    """

    people: list[Person]
    leave_in: list[float] = field(default_factory=list)
    rest_in: float | None = None
    is_used_up: bool = False


class _Passed(Enum):
    OVER = 0


@dataclass(frozen=True)
class _Against:
    """A mailing that is to be held, and why."""

    mailing: Mailing
    reason: str


_PASSED_OVER = _Passed.OVER
ShareOut = Callable[[list[Person]], Share]


@dataclass
class Claim:
    """A batch that this worker holds, or those of it who may leave now. The others may from `rest_at` on."""

    account_id: int
    mailing_id: int
    batch_id: int
    first: int
    people: list[Person]
    journal: Journal
    journal_name: str
    lease_until: datetime
    leave_in: list[float] = field(default_factory=list)
    rest_at: datetime | None = None


_CONTACT = ", ".join(f"c.{name}" for name in compiling.CONTACT_FIELDS)
# The batch's messages with what the mail says to each, and why someone may not be mailed now.
_ROWS = """
    SELECT m.sequence, {reason} AS reason, {contact}, c.values::text
    FROM delivery_message m
    LEFT JOIN contacts_contact c ON c.account_id = m.account_id AND c.id = m.contact_id {joins}
    WHERE m.account_id = %(account)s AND m.mailing_id = %(mailing)s
      AND m.sequence BETWEEN %(first)s AND %(last)s AND m.outcome = 0
    ORDER BY m.sequence
"""
_SKIP = """
    UPDATE delivery_message m SET outcome = %(skipped)s, reason = o.reason, settled_at = %(now)s
    FROM unnest(%(sequences)s::int[], %(reasons)s::smallint[]) AS o(sequence, reason)
    WHERE m.account_id = %(account)s AND m.mailing_id = %(mailing)s AND m.sequence = o.sequence AND m.outcome = 0
"""


def lease_length() -> timedelta:
    """Return how long a claim holds without being renewed."""
    return timedelta(seconds=settings.LEASE_SECONDS)


def margin() -> timedelta:
    """Return how long before a lease's end the last body may be begun."""
    return timedelta(seconds=min(LONGEST_MARGIN, settings.LEASE_SECONDS / 4))


def claim_batch(*, account_id: int, mailing_id: int, now: datetime, share_out: ShareOut = Share) -> Claim | None:
    """Take the mailing's next open batch that has somebody in it, None where there is none or it may not go on.

    `share_out` is asked who of its people may leave now; the rest stays in the queue. The journal exists, locked, before the
    claim is committed: a claim that can be seen always has one.
    """
    if not ledger.may_serve():
        return None
    for function in _before:
        function()
    for _ in range(_MOST_PASSED_OVER):
        found = _claim_next(account_id, mailing_id, now, share_out)
        if isinstance(found, _Against):
            holding.hold_mailing(mailing=found.mailing, reason=found.reason)  # with the lock of the claim gone
            return None
        if found is not _PASSED_OVER:
            return found
    return None


def _claim_next(
    account_id: int, mailing_id: int, now: datetime, share_out: ShareOut
) -> "Claim | _Against | _Passed | None":
    """Look at the next open batch: claimed, passed over, None where there is none, or why the mailing is to be held."""
    claim: Claim | None = None
    try:
        with account_scope(account_id):
            mailing = _sendable(account_id, mailing_id, now)
            batch = _next_open(mailing, now) if mailing else None
            if mailing is None or batch is None:
                return None
            if reason := holding.reason_against(mailing=mailing, batch=batch, now=now):
                return _Against(mailing, reason)
            room = warming.left_today(mailing, now=now)
            if until := waiting.closed_until(mailing, room=room, now=now):
                waiting.wait(mailing, until=until, now=now)
                return None
            people, skipped = _judge(mailing, batch, now)
            batch.skipped += skipped
            share = share_out(_not_put_off(batch, people, now)[:room])
            if share.people:
                batch.claimed = [each.sequence for each in share.people] if len(share.people) < len(people) else None
                claim = _take(batch, share, now)
                warming.count(mailing, len(share.people), now=now)
            else:
                _pass_over(batch, share, is_over=not people, now=now)
    except BaseException:
        if claim:  # committed or not: with its lock free, an empty journal gives the batch back
            claim.journal.close()
        raise
    return claim or (None if share.is_used_up else _PASSED_OVER)


def _not_put_off(batch: Batch, people: list[Person], now: datetime) -> list[Person]:
    """Return people without those whom a server asked to wait for."""
    waits = {int(sequence) for sequence, (_, until) in batch.put_off.items() if until > now.timestamp()}
    return [person for person in people if person.sequence not in waits] if waits else people


def _pass_over(batch: Batch, share: Share, *, is_over: bool, now: datetime) -> None:
    """Leave a batch of which nobody may leave: done where nobody is in it, else for when somebody may."""
    if is_over:
        batch.state = Batch.State.DONE
    elif not share.is_used_up:
        times = [until for _, until in batch.put_off.values() if until > now.timestamp()]
        times += [] if share.rest_in is None else [now.timestamp() + share.rest_in]
        batch.not_before = datetime.fromtimestamp(min(times), UTC) if times else now
    batch.save()


def next_due(*, account_id: int, mailing_id: int) -> datetime | None:
    """Return when the next of a mailing's open batches may go, None where none is open or it is not being sent."""
    with account_scope(account_id):
        open_ones = Batch.objects.filter(
            mailing_id=mailing_id, state=Batch.State.OPEN, mailing__state=Mailing.State.SENDING
        )
        return open_ones.order_by("not_before").values_list("not_before", flat=True).first()


def _next_open(mailing: Mailing, now: datetime) -> Batch | None:
    open_ones = Batch.objects.filter(mailing_id=mailing.pk, state=Batch.State.OPEN, not_before__lte=now)
    return open_ones.select_for_update(skip_locked=True).order_by("number").first()


def _sendable(account_id: int, mailing_id: int, now: datetime) -> Mailing | None:
    """Return the mailing, locked against pausing for the time of the claim, if it may be sent."""
    active = Account.objects.filter(pk=account_id, status=Account.Status.ACTIVE).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM delivery_mailing WHERE account_id = %s AND id = %s AND state = %s"
            " AND (start_at IS NULL OR start_at <= %s) FOR SHARE",
            [account_id, mailing_id, Mailing.State.SENDING, now],
        )
        found = cursor.fetchone()
    return Mailing.objects.select_related("domain").defer("program").get(pk=mailing_id) if active and found else None


def _judge(mailing: Mailing, batch: Batch, now: datetime) -> tuple[list[Person], int]:
    keys: dict[str, Any] = {"account": mailing.account_id, "mailing": mailing.pk, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS.format(reason=judging.reason(mailing), joins=judging.joins(mailing), contact=_CONTACT),
            {
                **keys,
                "first": batch.first,
                "last": batch.last,
                "lists": mailing.list_ids,
                "beside": mailing.beside_lists,
            },
        )
        rows = cursor.fetchall()
        barred = [(row[0], row[1]) for row in rows if row[1]]
        if barred:
            cursor.execute(
                _SKIP,
                {
                    **keys,
                    "skipped": Outcome.SKIPPED.value,
                    "sequences": [sequence for sequence, _ in barred],
                    "reasons": [reason for _, reason in barred],
                },
            )
    return [_person(row) for row in rows if not row[1]], len(barred)


def _person(row: tuple[Any, ...]) -> Person:
    sequence, _, email, *_, custom = row
    own = orjson.loads(custom) if custom != "{}" else {}
    return Person(sequence, email, {"contact": compiling.said(own, row[2:-1])})


def _take(batch: Batch, share: Share, now: datetime) -> Claim:
    people = share.people
    rest_at = None if share.rest_in is None else now + timedelta(seconds=share.rest_in)
    name = f"{batch.pk}-{secrets.token_hex(6)}.journal"
    lease_until = now + lease_length()
    lasting.must_last()
    journal = Journal.create(
        Path(settings.JOURNAL_DIR) / name,
        batch_id=batch.pk,
        count=batch.last - batch.first + 1,
        lease_until=lease_until.timestamp(),
    )
    batch.state, batch.sending, batch.journal, batch.lease_until = Batch.State.LEASED, len(people), name, lease_until
    batch.worker, batch.host, batch.boot_id = f"{host_name()}:{os.getpid()}"[:100], host_name(), boot_id()
    batch.save()
    return Claim(
        batch.account_id,
        batch.mailing_id,
        batch.pk,
        batch.first,
        people,
        journal,
        name,
        lease_until,
        share.leave_in,
        rest_at,
    )


def renew(claims: list[Claim], *, now: datetime) -> None:
    """Move the leases on; a claim that is no longer ours is left with its old end, so that its sending stops."""
    for claim in claims:
        with account_scope(claim.account_id):
            mine = Batch.objects.filter(pk=claim.batch_id, state=Batch.State.LEASED, journal=claim.journal_name)
            if mine.update(lease_until=now + lease_length()):
                claim.lease_until = now + lease_length()
