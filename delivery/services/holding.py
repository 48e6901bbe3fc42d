"""Pausing, resuming and cancelling a mailing. Workers look at the state at each claim and every second between."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from delivery.models import Batch, Mailing, Message, Outcome, Reason
from delivery.services import settling, stopping
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

# What is later than this was missed, and is not made up for by itself.
LATEST = timedelta(hours=1)
MISSED = (
    "Sending was not possible when the next of these were due, over an hour ago. Resume to send them late, or cancel."
)
RESTORED = "Restored from a backup: messages sent after it was made would go out again. Check before you resume."


UNVERIFIED = (
    "{} is no longer verified: one of its DNS records is gone. Publish it and resume, or cancel. Nobody is lost."
)

NAMELESS = "{} was removed from your sending domains, so mail can't leave in its name any more."

logger = logging.getLogger(__name__)
_LONGEST_REASON = 200


class CannotHold(ExpectedError):
    """The mailing is not in a state for this."""


_CANCEL_OPEN = """
    WITH open AS (
        SELECT id, first, last FROM delivery_batch
        WHERE account_id = %(account)s AND mailing_id = %(mailing)s AND state = 'open' FOR UPDATE
    ), stopped AS (
        UPDATE delivery_message m SET outcome = %(skipped)s, reason = %(cancelled)s, settled_at = %(now)s
        FROM open WHERE m.account_id = %(account)s AND m.mailing_id = %(mailing)s
          AND m.sequence BETWEEN open.first AND open.last AND m.outcome = 0
        RETURNING open.id
    )
    UPDATE delivery_batch b SET state = 'done', skipped = b.skipped + (SELECT count(*) FROM stopped WHERE id = b.id)
    FROM open WHERE b.id = open.id
"""


def pause_mailing(*, mailing: Mailing, reason: str = "") -> None:
    """Stop a mailing within seconds; what is in flight is finished. Raises `CannotHold`."""
    with account_scope(mailing.account_id):
        rows = Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.SENDING)
        if not rows.update(state=Mailing.State.PAUSED, held_reason=reason):
            raise CannotHold("Only a mailing that is being sent can be paused.")


def hold_restored() -> int:
    """Pause whatever a restored backup would go on sending; return how many. Call inside the platform's scope."""
    under_way = Mailing.objects.filter(state__in=(Mailing.State.MATERIALISING, Mailing.State.SENDING))
    return under_way.update(state=Mailing.State.PAUSED, held_reason=RESTORED)


def hold_mailing(*, mailing: Mailing, reason: str) -> bool:
    """Pause a mailing that can't go on, with a sentence for its owner; False where it is not being sent any more."""
    try:
        pause_mailing(mailing=mailing, reason=reason[:_LONGEST_REASON])
    except CannotHold:
        return False
    logger.warning("mailing held", extra={"mailing": mailing.pk})
    return True


def reason_against(*, mailing: Mailing, batch: Batch, now: datetime) -> str:
    """Return why a mailing must be held instead of sending its next batch, empty where nothing is against it."""
    if mailing.domain and mailing.domain.verified_at is None:
        return UNVERIFIED.format(mailing.domain.domain[:70])
    if _is_nameless(mailing):
        return NAMELESS.format(_host(mailing)[:70])
    return MISSED if is_missed(mailing=mailing, batch=batch, now=now) else ""


def _is_nameless(mailing: Mailing) -> bool:
    """Tell whether its domain was removed: its mail would leave unsigned, in a name that does not know us."""
    return mailing.domain_id is None and _host(mailing) != settings.PLATFORM_DOMAIN


def _host(mailing: Mailing) -> str:
    return mailing.from_email.rpartition("@")[2]


def is_missed(*, mailing: Mailing, batch: Batch, now: datetime) -> bool:
    """Tell whether a timed mailing's next batch should have gone over an hour ago, while nothing of it went at all.

    One that is only slow goes on: something of it was settled lately.
    """
    return mailing.is_timed and batch.not_before <= now - LATEST and not _has_moved(mailing, batch, now)


def _has_moved(mailing: Mailing, batch: Batch, now: datetime) -> bool:
    batches = Batch.objects.filter(mailing_id=mailing.pk)
    if batches.filter(state=Batch.State.LEASED).exists():
        return True
    last = batches.filter(state=Batch.State.DONE).order_by("-number").first()
    settled = Message.objects.filter(account_id=mailing.account_id, mailing_id=mailing.pk, settled_at__gt=now - LATEST)
    parts = [batch] if last is None else [batch, last]  # under a low limit, a batch itself goes in several parts
    return any(settled.filter(sequence__range=(part.first, part.last)).exists() for part in parts)


def resume_mailing(*, mailing: Mailing, now: datetime) -> None:
    """Let a paused mailing go on; what became due meanwhile is due now. Raises `CannotHold`."""
    with account_scope(mailing.account_id):
        rows = Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.PAUSED)
        if not rows.update(state=Mailing.State.SENDING, held_reason=""):
            raise CannotHold("Only a paused mailing can be resumed.")
        stopping.agree(mailing)
        Batch.objects.filter(mailing_id=mailing.pk, state=Batch.State.OPEN, not_before__lt=now).update(not_before=now)


def cancel_mailing(*, mailing: Mailing, now: datetime) -> None:
    """End a mailing: what was not begun is skipped (cancelled). Batches with a worker follow as it lets go of them."""
    with account_scope(mailing.account_id):
        rows = Mailing.objects.filter(pk=mailing.pk, state__in=(Mailing.State.SENDING, Mailing.State.PAUSED))
        if not rows.update(state=Mailing.State.CANCELLED, finished_at=now):
            raise CannotHold("This mailing is over already.")
        with connection.cursor() as cursor:
            cursor.execute(
                _CANCEL_OPEN,
                {
                    "account": mailing.account_id,
                    "mailing": mailing.pk,
                    "skipped": Outcome.SKIPPED.value,
                    "cancelled": Reason.CANCELLED.value,
                    "now": now,
                },
            )


def resend_unconfirmed(*, mailing: Mailing, now: datetime) -> int:
    """Put the unconfirmed messages back to the queue, by the owner's own choice; return how many.

    Some of them may have arrived, so a person can get the mail twice; that is why it never happens by itself. Raises
    `CannotHold` where its domain was removed meanwhile.
    """
    with account_scope(mailing.account_id):
        touched = 0
        # `finish_mailing` waits
        if _is_nameless(Mailing.objects.select_for_update(no_key=True).defer("program").get(pk=mailing.pk)):
            raise CannotHold(NAMELESS.format(_host(mailing)[:70]))
        for batch in Batch.objects.select_for_update().filter(
            mailing_id=mailing.pk, unconfirmed__gt=0, state=Batch.State.DONE
        ):
            touched += _requeue(batch, now)
        if touched:
            Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.DONE).update(
                state=Mailing.State.SENDING, finished_at=None
            )
    if not touched:
        settling.finish_mailing(account_id=mailing.account_id, mailing_id=mailing.pk, now=now)
    return touched


def _requeue(batch: Batch, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE delivery_message SET outcome = 0, reason = 0, settled_at = NULL WHERE account_id = %s AND mailing_id = %s"
            " AND sequence BETWEEN %s AND %s AND outcome = %s",
            [batch.account_id, batch.mailing_id, batch.first, batch.last, Outcome.UNCONFIRMED.value],
        )
        count = int(cursor.rowcount)
    batch.unconfirmed -= count
    batch.state, batch.not_before, batch.attempts, batch.put_off = Batch.State.OPEN, now, 0, {}
    batch.save()
    return count
