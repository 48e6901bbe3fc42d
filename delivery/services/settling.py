"""Writing a batch's outcomes back: one range update for what was sent, and the exceptions by number."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.services import outbox
from contacts.models import Contact
from delivery.models import Batch, Mailing, Message, Outcome, Reason
from delivery.services import lasting, proving, reputation, stopping, warming
from delivery.services.outcomes import Verdict
from emailconcert.lib.tenancy import account_scope
from privacy.models import Suppression
from privacy.services import standing

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
_FIRST_WAIT = timedelta(minutes=1)


@dataclass(frozen=True)
class Report:
    """What is known of a batch: a verdict per sequence. A sequence without one was not begun, and may be from `rest_at` on.

    `providers` names the mailbox provider of each, where the worker knows.
    """

    account_id: int
    batch_id: int
    journal: str
    verdicts: Mapping[int, Verdict]
    rest_at: datetime | None = None
    providers: Mapping[int, str] | None = None


_SENT = """
    UPDATE delivery_message SET outcome = %(outcome)s, reply_code = 250, settled_at = %(now)s
    WHERE account_id = %(account)s AND mailing_id = %(mailing)s AND sequence BETWEEN %(first)s AND %(last)s
      AND outcome = 0 AND NOT sequence = ANY(%(others)s)
"""
_OTHERS = """
    UPDATE delivery_message m SET outcome = o.outcome, reason = o.reason, reply_code = o.code, settled_at = %(now)s
    FROM unnest(%(sequences)s::int[], %(outcomes)s::smallint[], %(reasons)s::smallint[], %(codes)s::smallint[])
        AS o(sequence, outcome, reason, code)
    WHERE m.account_id = %(account)s AND m.mailing_id = %(mailing)s AND m.sequence = o.sequence AND m.outcome = 0
    RETURNING m.outcome
"""


def settle(report: Report, *, now: datetime) -> bool:
    """Write the outcomes; what is left goes to the queue again, or is cancelled with its mailing.

    False where the batch is no longer this journal's: somebody has settled it already.
    """
    with account_scope(report.account_id):
        batch = (
            Batch.objects.select_for_update()
            .filter(pk=report.batch_id, state=Batch.State.LEASED, journal=report.journal)
            .first()
        )
        if batch is None:
            logger.warning("batch was settled by another", extra={"batch": report.batch_id})
            return False
        lasting.must_last()
        mailings = Mailing.objects.select_for_update(no_key=True)
        state, from_email = mailings.values_list("state", "from_email").get(pk=batch.mailing_id)
        final = _settle(batch, report, cancelled=state == Mailing.State.CANCELLED, now=now)
        reputation.count_settled(
            batch=batch, from_email=from_email, verdicts=final, providers=report.providers, now=now
        )
        _note_bounces(batch, final, now)
        # Batches of a mailing are settled one after another, under its lock: of the last two, one sees that it is the last.
        is_last = batch.state == Batch.State.DONE and not _under_way(batch.mailing_id).exists()
    if is_last:
        finish_mailing(account_id=report.account_id, mailing_id=batch.mailing_id, now=now)
    return True


def _under_way(mailing_id: int) -> QuerySet[Batch]:
    return Batch.objects.filter(mailing_id=mailing_id).exclude(state=Batch.State.DONE)


def _settle(batch: Batch, report: Report, *, cancelled: bool, now: datetime) -> dict[int, Verdict]:
    queued = _queued(batch)
    final: dict[int, Verdict] = {}
    put_off: dict[int, tuple[int, float]] = {int(key): tuple(value) for key, value in batch.put_off.items()}
    for sequence in queued:
        verdict = report.verdicts.get(sequence)
        if verdict is not None and verdict.outcome is not None:
            final[sequence] = verdict
        elif cancelled:
            final[sequence] = Verdict(Outcome.SKIPPED, Reason.CANCELLED)
        elif verdict is not None:
            times = put_off.get(sequence, (0, 0.0))[0] + 1
            put_off[sequence] = (times, (now + _FIRST_WAIT * 2 ** (times - 1)).timestamp())
            if times >= MAX_ATTEMPTS:
                final[sequence] = _given_up(verdict)
    _believe_proof(batch, final)
    _write(batch, queued, final, now)
    begun = sum(verdict.outcome != Outcome.SKIPPED for verdict in final.values())
    warming.give_back(account_id=batch.account_id, mailing_id=batch.mailing_id, messages=batch.sending - begun, now=now)
    left = [sequence for sequence in queued if sequence not in final]
    batch.put_off = {str(sequence): put_off[sequence] for sequence in left if sequence in put_off}
    _close_batch(batch, left=left, final=final, rest_at=report.rest_at)
    return final


def _believe_proof(batch: Batch, final: dict[int, Verdict]) -> None:
    """Take for sent what nobody saw taken, but what a report or an event has come back about."""
    unsure = [sequence for sequence, verdict in final.items() if verdict.outcome == Outcome.UNCONFIRMED]
    if unsure:
        final.update(dict.fromkeys(proving.proven(batch=batch, sequences=unsure), Verdict(Outcome.SENT, code=250)))


def _queued(batch: Batch) -> list[int]:
    rows = Message.objects.filter(
        account_id=batch.account_id,
        mailing_id=batch.mailing_id,
        sequence__range=(batch.first, batch.last),
        outcome=Outcome.QUEUED,
    )
    return list(rows.values_list("sequence", flat=True))


def _given_up(verdict: Verdict) -> Verdict:
    reason = Reason.MAILBOX_FULL if verdict.enhanced and verdict.enhanced[1:] == (2, 2) else Reason.REJECTED
    return Verdict(Outcome.FAILED, reason if verdict.code else Reason.UNREACHABLE, verdict.code, verdict.enhanced)


def _write(batch: Batch, queued: list[int], final: Mapping[int, Verdict], now: datetime) -> None:
    sent = {sequence for sequence, verdict in final.items() if verdict.outcome == Outcome.SENT}
    others = [sequence for sequence in queued if sequence not in sent]
    keys: dict[str, Any] = {"account": batch.account_id, "mailing": batch.mailing_id, "now": now}
    with connection.cursor() as cursor:
        if sent:
            cursor.execute(
                _SENT,
                {**keys, "outcome": Outcome.SENT.value, "first": batch.first, "last": batch.last, "others": others},
            )
        rest = {sequence: verdict for sequence, verdict in final.items() if sequence not in sent}
        if rest:
            cursor.execute(
                _OTHERS,
                {
                    **keys,
                    "sequences": list(rest),
                    "outcomes": [verdict.outcome.value if verdict.outcome else 0 for verdict in rest.values()],
                    "reasons": [verdict.reason.value for verdict in rest.values()],
                    "codes": [verdict.code for verdict in rest.values()],
                },
            )


def _close_batch(batch: Batch, *, left: list[int], final: Mapping[int, Verdict], rest_at: datetime | None) -> None:
    counts = [verdict.outcome for verdict in final.values()]
    batch.sent += counts.count(Outcome.SENT)
    batch.failed += counts.count(Outcome.FAILED)
    batch.skipped += counts.count(Outcome.SKIPPED)
    batch.unconfirmed += counts.count(Outcome.UNCONFIRMED)
    batch.sending = 0
    batch.state = Batch.State.OPEN if left else Batch.State.DONE
    batch.worker = batch.journal = ""
    batch.lease_until = batch.claimed = None
    batch.attempts = max((times for times, _ in batch.put_off.values()), default=0)
    if left:
        batch.not_before = _next_time(batch, left, rest_at)
    batch.save()


def _next_time(batch: Batch, left: list[int], rest_at: datetime | None) -> datetime:
    """Return when the first of those who are left may be tried: who was put off later than who was not begun."""
    times = [until for _, until in batch.put_off.values()]
    if len(left) > len(times):
        times.append((rest_at or batch.not_before).timestamp())
    return max(batch.not_before, datetime.fromtimestamp(min(times), UTC))


def _note_bounces(batch: Batch, final: Mapping[int, Verdict], now: datetime) -> None:
    """Suppress mailboxes that do not exist at once, as a bounce mail would; tell who listens of every failure.

    Also of what was put off (4.x.x) until it was given up: a report by mail would say the same.
    """
    refused = {sequence: verdict for sequence, verdict in final.items() if verdict.status.startswith(("4.", "5."))}
    if not refused:
        return
    rows = Message.objects.filter(
        account_id=batch.account_id, mailing_id=batch.mailing_id, sequence__in=refused
    ).values_list("sequence", "contact_id")
    people = {sequence: contact_id for sequence, contact_id in rows if contact_id is not None}
    bounced = [contact_id for sequence, contact_id in people.items() if refused[sequence].is_hard_bounce]
    for email in Contact.objects.filter(pk__in=bounced).values_list("email", flat=True):
        standing.suppress(account_id=batch.account_id, address=email, reason=Suppression.Reason.BOUNCED, now=now)
    if bounced:
        stopping.note(account_id=batch.account_id, mailing_id=batch.mailing_id, hard_bounces=len(bounced), now=now)
    for sequence in people:
        verdict = refused[sequence]
        payload = {"mailing": batch.mailing_id, "sequence": sequence, "code": verdict.code, "status": verdict.status}
        outbox.put_event(topic="message.refused_while_sending", payload=payload, account_id=batch.account_id, now=now)


def finish_mailing(*, account_id: int, mailing_id: int, now: datetime) -> bool:
    """Mark a mailing done when nothing of it is queued or being sent; True if this call did."""
    with account_scope(account_id):
        if _under_way(mailing_id).exists():
            return False
        sending = Mailing.objects.filter(pk=mailing_id, state__in=(Mailing.State.SENDING, Mailing.State.PAUSED))
        # Locked, and then asked again: `resend_unconfirmed` may have opened a batch just now, under the same lock.
        if not list(sending.select_for_update(no_key=True).values_list("pk")) or _under_way(mailing_id).exists():
            return False
        sending.update(state=Mailing.State.DONE, finished_at=now)
        outbox.put_event(topic="mailing.done", payload={"mailing": mailing_id}, account_id=account_id, now=now)
    return True
