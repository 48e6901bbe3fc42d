"""Emptying the inbox: judging events, keeping them, adding them up, in one transaction that also removes them.

Exactly once: a worker that dies leaves the inbox as it was. One worker at a time; it takes whole messages, and leaves
alone what is younger than the window in which requests are judged together, so that a scanner's first request is judged
in the light of its second.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import iptocc
from django.db import connection
from ua_parser import parse_user_agent

from accounts.services import outbox
from delivery.models import Mailing, Outcome
from delivery.services import reputation
from emailconcert.lib.tenancy import platform_scope
from tracking import classification
from tracking.classification import WINDOW, About, Seen
from tracking.models import Kind
from tracking.services import noting, writing
from tracking.services.tallying import Happening, MessageKey, Tally

HOLD_BACK = WINDOW + timedelta(seconds=1)
_LOCK = 7313

# All rows of the messages whose oldest row is due, with what decides over them. LIMIT 1 keeps the look-ups by key.
_TAKE = """
    WITH due AS (
        SELECT DISTINCT mailing_id, sequence FROM (
            SELECT mailing_id, sequence FROM tracking_inbox WHERE at <= %(cutoff)s ORDER BY id LIMIT %(limit)s
        ) AS oldest
    )
    SELECT i.id, i.kind, i.mailing_id, i.sequence, i.link, i.at, i.network, i.agent, i.method,
        g.account_id, c.id, g.started_at, m.outcome,
        r.id IS NULL AND g.kind <> %(test)s,
        c.tracking_off IS FALSE AND a.tracks_opens AND g.tracks_opens,
        c.tracking_off IS FALSE AND a.tracks_clicks AND g.tracks_clicks
    FROM due
    JOIN tracking_inbox i USING (mailing_id, sequence)
    LEFT JOIN delivery_mailing g ON g.id = i.mailing_id
    LEFT JOIN accounts_account a ON a.id = g.account_id
    LEFT JOIN LATERAL (
        SELECT contact_id, outcome FROM delivery_message
        WHERE account_id = g.account_id AND mailing_id = i.mailing_id AND sequence = i.sequence LIMIT 1
    ) m ON true
    LEFT JOIN LATERAL (
        SELECT id, email_hash, tracking_off FROM contacts_contact
        WHERE account_id = g.account_id AND id = m.contact_id LIMIT 1
    ) c ON true
    LEFT JOIN privacy_restriction r ON r.account_id = g.account_id AND r.address_hash = c.email_hash
    ORDER BY i.id LIMIT %(limit)s * 10
"""
_STORED = """
    SELECT e.account_id, e.mailing_id, e.sequence, e.kind, e.link, e.at
    FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS k (account_id, mailing_id, sequence)
    JOIN tracking_event e USING (account_id, mailing_id, sequence)
    WHERE e.at BETWEEN %s AND %s
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One inbox row with what decides over it; no contact where the person is gone."""

    id: int
    seen: Seen
    account_id: int | None
    mailing_id: int
    sequence: int
    contact_id: int | None
    about: About
    is_kept: bool
    is_due: bool
    is_unconfirmed: bool

    @property
    def message(self) -> MessageKey:
        """The message it is about; account 0 where none is known."""
        return self.account_id or 0, self.mailing_id, self.sequence


def empty_inbox(*, now: datetime, limit: int = 10_000) -> int:
    """Move events from the inbox to where they are kept, and return how many rows left it.

    About `limit` rows at once; call again while it returns many. 0 also while another worker does it.
    """
    with platform_scope("tracking: empty the inbox"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        rows = _take(cutoff=now - HOLD_BACK, limit=limit)
        due = [row for row in rows if row.is_due]
        if not due:
            return 0
        kept = [row for row in due if row.is_kept]
        if kept:
            _keep(kept, rows)
        _announce(kept, now=now)
        _prove(due, now=now)
        if left := [row.id for row in due if row.seen.kind == Kind.UNSUBSCRIBE]:
            noting.note_opt_outs(left)
            _count_opt_outs(due, now=now)
        cursor.execute("DELETE FROM tracking_inbox WHERE id = ANY(%s)", [[row.id for row in due]])
        return len(due)


def _count_opt_outs(due: list[Row], *, now: datetime) -> None:
    messages = {row.message for row in due if row.seen.kind == Kind.UNSUBSCRIBE and row.account_id}
    reputation.count_learnt(sorted(messages), "unsubscribes", now=now)


def _take(*, cutoff: datetime, limit: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"cutoff": cutoff, "limit": limit, "test": Mailing.Kind.TEST})
        return [_row(values, cutoff) for values in cursor.fetchall()]


def _row(values: tuple[Any, ...], cutoff: datetime) -> Row:
    id_, kind, mailing, sequence, link, at, network, agent, method, account, contact, *rest = values
    began, outcome, may_be_kept, opens, clicks = rest
    # What is not tracked is not kept; opt-outs, bounces and complaints are no tracking.
    wanted = {Kind.OPEN: opens, Kind.CLICK: clicks}.get(kind, True)
    return Row(
        id=id_,
        seen=Seen(kind, at, link, network, agent, method),
        account_id=account,
        mailing_id=mailing,
        sequence=sequence,
        contact_id=contact,
        about=About(began, outcome not in (Outcome.SKIPPED, Outcome.FAILED)),
        is_kept=contact is not None and bool(may_be_kept) and bool(wanted),
        is_due=at <= cutoff,
        is_unconfirmed=outcome == Outcome.UNCONFIRMED,
    )


def _keep(kept: list[Row], rows: list[Row]) -> None:
    messages = sorted({row.message for row in kept})
    around: dict[MessageKey, list[Row | Seen]] = {}
    for row in rows:
        around.setdefault(row.message, []).append(row)
    known = set()
    for message, seen in _stored(kept, messages):
        around[message].append(seen)
        known.add((message, seen.kind, seen.link, seen.at))
    events = []
    for row in kept:
        fingerprint = (row.message, row.seen.kind, row.seen.link, row.seen.at)
        if fingerprint in known:
            continue  # the same event came by the inbox and by a spool
        known.add(fingerprint)
        others = [_seen(other) for other in around[row.message] if other is not row]
        events.append(_judge(row, others))
    if not events:
        return
    tally = Tally(writing.read_activities(messages))
    tally.add_all(events)
    writing.write_events(events)
    writing.write_tally(tally)


def _seen(other: Row | Seen) -> Seen:
    return other.seen if isinstance(other, Row) else other


def _stored(kept: list[Row], messages: list[MessageKey]) -> Iterable[tuple[MessageKey, Seen]]:
    times = [row.seen.at for row in kept]
    keys = [list(column) for column in zip(*messages, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [*keys, min(times) - WINDOW, max(times) + WINDOW])
        for account, mailing, sequence, kind, link, at in cursor.fetchall():
            yield (account, mailing, sequence), Seen(kind, at, link, network=None)


def _judge(row: Row, around: list[Seen]) -> Happening:
    seen = row.seen
    rule = classification.classify(seen, around, row.about)
    is_request = seen.kind in (Kind.OPEN, Kind.CLICK, Kind.UNSUBSCRIBE)
    return Happening(
        account_id=row.account_id or 0,
        contact_id=row.contact_id or 0,
        mailing_id=row.mailing_id,
        sequence=row.sequence,
        kind=seen.kind,
        link=seen.link,
        at=seen.at,
        is_machine=bool(rule),
        rule=rule if is_request else seen.agent[:30],
        agent=_family(seen.agent) if is_request else "",
        country=_country(seen.network or ""),
    )


@lru_cache(maxsize=10_000)
def _family(agent: str) -> str:
    found = parse_user_agent(agent)
    return found.family[:60] if found else ""


@lru_cache(maxsize=10_000)
def _country(network: str) -> str:
    found = iptocc.country_code(network) if network else None
    return found or ""


def _announce(kept: list[Row], *, now: datetime) -> None:
    """Tell the rest of the product of opt-outs that the edge committed by itself."""
    for row in kept:
        if row.seen.kind == Kind.UNSUBSCRIBE and row.seen.method == "POST" and row.account_id:
            payload = {"contact": row.contact_id, "mailing": row.mailing_id}
            outbox.put_event(topic="contact.unsubscribed", payload=payload, account_id=row.account_id, now=now)


def _prove(due: list[Row], *, now: datetime) -> None:
    """Announce messages whose links were fetched although nobody saw them taken: they left."""
    for account_id, mailing_id, sequence in {row.message for row in due if row.is_unconfirmed and row.account_id}:
        payload = {"mailing": mailing_id, "sequence": sequence}
        outbox.put_event(topic="message.proven", payload=payload, account_id=account_id, now=now)
