"""Counting how mail is received, by the day it left, the domain in From and the mailbox provider.

What a batch comes to is counted in the transaction that settles it, and what is learnt of a message in the one that notes
it: so each counts once. Wherever both are written, these rows are locked before a mailing's health.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

from django.db import connection

from delivery.models import Batch, Outcome, Reason
from delivery.services import mailbox_providers
from delivery.services.outcomes import Verdict

T = TypeVar("T")

OTHER = "other"
_COLUMNS = ("sent", "failed", "hard_bounces", "soft_bounces", "refused", "complaints", "unsubscribes")

RowKey = tuple[int, date, str, str]  # account, day, domain, provider
MessageKey = tuple[int, int, int]  # account, mailing, sequence

_ADD = f"""
    INSERT INTO delivery_reputationday AS old (account_id, day, domain, provider, {", ".join(_COLUMNS)})
    SELECT * FROM unnest(%s::bigint[], %s::date[], %s::text[], %s::text[], {", ".join(["%s::int[]"] * len(_COLUMNS))})
    ON CONFLICT (account_id, day, domain, provider) DO UPDATE
    SET {", ".join(f"{name} = old.{name} + EXCLUDED.{name}" for name in _COLUMNS)}
"""  # noqa: S608  # made of the names above
_ABOUT = """
    SELECT k.account_id, coalesce(m.settled_at, %(now)s) AT TIME ZONE 'UTC', lower(split_part(g.from_email, '@', 2)),
        coalesce(c.domain, '')
    FROM unnest(%(accounts)s::bigint[], %(mailings)s::bigint[], %(sequences)s::int[]) AS k(account_id, mailing_id, sequence)
    JOIN delivery_mailing g ON g.account_id = k.account_id AND g.id = k.mailing_id
    JOIN LATERAL (
        SELECT contact_id, settled_at FROM delivery_message
        WHERE account_id = k.account_id AND mailing_id = k.mailing_id AND sequence = k.sequence LIMIT 1
    ) m ON true
    LEFT JOIN LATERAL (
        SELECT split_part(email, '@', 2) AS domain FROM contacts_contact
        WHERE account_id = k.account_id AND id = m.contact_id LIMIT 1
    ) c ON true
"""
_DOMAINS = """
    SELECT m.sequence, split_part(c.email, '@', 2)
    FROM delivery_message m JOIN contacts_contact c ON c.account_id = m.account_id AND c.id = m.contact_id
    WHERE m.account_id = %s AND m.mailing_id = %s AND m.sequence = ANY(%s)
"""


def providers_of(addresses: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Return the provider behind each address, by its sequence: one with a name, or `OTHER`. May ask Redis."""
    return _named({sequence: email.rpartition("@")[2].lower() for sequence, email in addresses})


def count_settled(
    *,
    batch: Batch,
    from_email: str,
    verdicts: Mapping[int, Verdict],
    providers: Mapping[int, str] | None,
    now: datetime,
) -> None:
    """Count what a batch's messages came to, in the transaction that settles it and in the account's scope.

    `providers` by sequence, as they were known when it was claimed; looked up where they were not handed on.
    """
    tried = {number: each for number, each in verdicts.items() if each.outcome in (Outcome.SENT, Outcome.FAILED)}
    if not tried:
        return
    known = _looked_up(batch, list(tried)) if providers is None else providers
    day, domain = now.astimezone(UTC).date(), from_email.rpartition("@")[2].lower()
    rows: dict[RowKey, Counter[str]] = {}
    sent = Counter(known.get(number, OTHER) for number, each in tried.items() if each.outcome == Outcome.SENT)
    for provider, count in sent.items():
        rows[batch.account_id, day, domain, provider] = Counter(sent=count)
    for number, verdict in tried.items():
        if verdict.outcome != Outcome.SENT:
            key = (batch.account_id, day, domain, known.get(number, OTHER))
            rows.setdefault(key, Counter()).update(_columns_of(verdict))
    _add(rows)


def count_learnt(messages: Sequence[MessageKey], column: str, *, now: datetime) -> None:
    """Count one more of each message in a column; in its account's scope, or the platform's."""
    if not messages:
        return
    accounts, mailings, sequences = (list(each) for each in zip(*messages, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT, {"accounts": accounts, "mailings": mailings, "sequences": sequences, "now": now})
        found = cursor.fetchall()
    known = _named({domain: domain for *_, domain in found})
    rows: dict[RowKey, Counter[str]] = {}
    for account, at, domain, theirs in found:
        rows.setdefault((account, at.date(), domain, known[theirs]), Counter())[column] += 1
    _add(rows)


def _named(domains: Mapping[T, str]) -> dict[T, str]:
    found = mailbox_providers.providers_of(domains.values())
    named = {domain: each if mailbox_providers.is_named(each) else OTHER for domain, each in found.items()}
    return {key: named[domain] for key, domain in domains.items()}


def _looked_up(batch: Batch, sequences: list[int]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_DOMAINS, [batch.account_id, batch.mailing_id, sequences])
        return _named(dict(cursor.fetchall()))


def _columns_of(verdict: Verdict) -> tuple[str, ...]:
    if verdict.is_hard_bounce:
        return ("failed", "hard_bounces")
    if verdict.reason == Reason.POLICY:
        return ("failed", "refused")
    is_soft = verdict.reason in (Reason.MAILBOX_FULL, Reason.MAILBOX_UNKNOWN) or 400 <= (verdict.code or 0) < 500
    return ("failed", "soft_bounces") if is_soft else ("failed",)


def _add(rows: Mapping[RowKey, Counter[str]]) -> None:
    """Add to the rows, in order of their keys, so that writers never deadlock."""
    if not rows:
        return
    values = [(*key, *(rows[key][name] for name in _COLUMNS)) for key in sorted(rows)]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [list(column) for column in zip(*values, strict=True)])
