"""Settling what dead workers held, from their journals.

A journal's lock is held by its living worker, so whoever can take it knows that the worker is dead. On the host that
wrote it, such a batch is settled at once; elsewhere, or without a journal of this boot, only after the lease's end and
then as unconfirmed: what may have been sent is never sent again by itself.
"""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Q

from delivery.models import Batch
from delivery.services import settling
from delivery.services.outcomes import HOST_GONE, UNCONFIRMED, WORKER_ENDED, Verdict, judge
from delivery.wire import journal
from emailconcert.lib.tenancy import platform_scope

logger = logging.getLogger(__name__)

# A batch of another host waits so long for that host to come back and read its own journal.
HOST_GRACE = timedelta(minutes=15)
_ORPHAN_AGE = timedelta(days=1)


def recover_batches(*, now: datetime) -> int:
    """Settle the batches of dead workers; return how many were settled."""
    with platform_scope("delivery: recover batches"):
        candidates = list(
            Batch.objects.filter(Q(lease_until__lt=now) | Q(host=journal.host_name()), state=Batch.State.LEASED)
        )
    return sum(_recover(batch, now) for batch in candidates)


def _recover(batch: Batch, now: datetime) -> bool:
    # Another host's worker may be alive behind a lock that we can't see: it gets time to come back.
    grace = timedelta(0) if batch.host == journal.host_name() else HOST_GRACE
    over = batch.lease_until is not None and batch.lease_until + grace < now
    path = Path(settings.JOURNAL_DIR) / batch.journal
    try:
        with journal.read_back(path) as account:
            if account.boot_id == journal.boot_id() and account.batch_id == batch.pk:
                settled = settling.settle(_report(batch, account), now=now)
                logger.warning("batch recovered from its journal", extra={"batch": batch.pk})
            else:
                settled = over and _settle_unconfirmed(batch, now, "earlier boot")
    except journal.JournalHeld:
        return False  # its worker lives, and begins nothing after the lease's end
    except journal.JournalMissing:
        return over and _settle_unconfirmed(batch, now, "journal missing")
    if settled:
        path.unlink(missing_ok=True)
    return settled


def _report(batch: Batch, account: journal.Account) -> settling.Report:
    verdicts = {
        batch.first + index: verdict
        for index, entry in enumerate(account.entries)
        if (verdict := _verdict(entry)) is not None
    }
    return settling.Report(batch.account_id, batch.pk, batch.journal, verdicts)


def _verdict(entry: journal.Entry) -> Verdict | None:
    if entry.status == journal.NOTHING:
        return None
    if entry.has_reply:
        return judge(entry.status, entry.enhanced if entry.enhanced[0] else None)
    return UNCONFIRMED if entry.status == journal.LOST else WORKER_ENDED


def _settle_unconfirmed(batch: Batch, now: datetime, why: str) -> bool:
    logger.error("what a worker took of a batch is unconfirmed as a whole", extra={"batch": batch.pk, "why": why})
    taken = range(batch.first, batch.last + 1) if batch.claimed is None else batch.claimed
    verdicts = dict.fromkeys(taken, HOST_GONE)
    return settling.settle(settling.Report(batch.account_id, batch.pk, batch.journal, verdicts), now=now)


def remove_orphans(*, now: datetime) -> int:
    """Delete journals older than a day that no leased batch names; return how many."""
    with platform_scope("delivery: recover batches"):
        named = set(Batch.objects.filter(state=Batch.State.LEASED).values_list("journal", flat=True))
    removed = 0
    for path in Path(settings.JOURNAL_DIR).glob("*.journal"):
        old = path.stat().st_mtime < (now - _ORPHAN_AGE).timestamp()
        if old and path.name not in named:
            with suppress(journal.JournalHeld, journal.JournalMissing), journal.read_back(path):
                path.unlink(missing_ok=True)
                removed += 1
    return removed
