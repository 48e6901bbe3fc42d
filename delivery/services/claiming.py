"""Taking a batch: under a lease, with its journal in place, and only those who may be mailed at this moment."""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from accounts.models import Account
from delivery.models import Batch, Mailing, Outcome
from delivery.services import compiling, holding, judging
from delivery.wire.journal import Journal, boot_id, host_name
from emailconcert.lib.tenancy import account_scope
from privacy.services import ledger

# No intent is written so near a lease's end (DESIGN: 30 s); short leases, as in tests, have a quarter of their length.
LONGEST_MARGIN = 30.0


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


@dataclass
class Claim:
    """A batch that this worker holds."""

    account_id: int
    mailing_id: int
    batch_id: int
    first: int
    people: list[Person]
    journal: Journal
    journal_name: str
    lease_until: datetime


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


def claim_batch(*, account_id: int, mailing_id: int, now: datetime) -> Claim | None:
    """Take the mailing's next open batch that has somebody in it, None where there is none or it may not go on.

    The journal exists, locked, before the claim is committed: a claim that can be seen always has one.
    """
    if not ledger.may_serve():
        return None
    for function in _before:
        function()
    claim: Claim | None = None
    while True:
        try:
            with account_scope(account_id):
                mailing = _sendable(account_id, mailing_id, now)
                batch = _next_open(mailing, now) if mailing else None
                if mailing is None or batch is None:
                    return None
                if holding.is_missed(mailing=mailing, batch=batch, now=now):
                    break
                people, skipped = _judge(mailing, batch, now)
                batch.skipped += skipped
                if people:
                    claim = _take(batch, people, now)
                else:
                    batch.state = Batch.State.DONE
                    batch.save()
        except BaseException:
            if claim:  # committed or not: with its lock free, an empty journal gives the batch back
                claim.journal.close()
            raise
        if claim:
            return claim
    holding.hold_mailing(mailing=mailing, reason=holding.MISSED)  # with the lock of the claim gone
    return None


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
    return Mailing.objects.defer("program").get(pk=mailing_id) if active and found else None


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


def _take(batch: Batch, people: list[Person], now: datetime) -> Claim:
    name = f"{batch.pk}-{secrets.token_hex(6)}.journal"
    lease_until = now + lease_length()
    journal = Journal.create(
        Path(settings.JOURNAL_DIR) / name,
        batch_id=batch.pk,
        count=batch.last - batch.first + 1,
        lease_until=lease_until.timestamp(),
    )
    batch.state, batch.sending, batch.journal, batch.lease_until = Batch.State.LEASED, len(people), name, lease_until
    batch.worker, batch.host, batch.boot_id = f"{host_name()}:{os.getpid()}"[:100], host_name(), boot_id()
    batch.save()
    return Claim(batch.account_id, batch.mailing_id, batch.pk, batch.first, people, journal, name, lease_until)


def renew(claims: list[Claim], *, now: datetime) -> None:
    """Move the leases on; a claim that is no longer ours is left with its old end, so that its sending stops."""
    for claim in claims:
        with account_scope(claim.account_id):
            mine = Batch.objects.filter(pk=claim.batch_id, state=Batch.State.LEASED, journal=claim.journal_name)
            if mine.update(lease_until=now + lease_length()):
                claim.lease_until = now + lease_length()
