"""Later proof that a message left: a report, a provider's event, a fetch of its links. It is sent then, not unconfirmed."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from delivery.models import Batch, Message, Outcome, Reason, Signal
from delivery.services import reputation
from emailconcert.lib.tenancy import account_scope


def prove_sent(*, account_id: int, mailing_id: int, sequence: int, now: datetime) -> bool:
    """Move a message from unconfirmed to sent, its batch's counts with it; tell whether this call did."""
    with account_scope(account_id):
        batch = (
            Batch.objects.select_for_update()
            .filter(mailing_id=mailing_id, first__lte=sequence, last__gte=sequence)
            .first()
        )
        unconfirmed = Message.objects.filter(
            account_id=account_id, mailing_id=mailing_id, sequence=sequence, outcome=Outcome.UNCONFIRMED
        )
        if batch is None or not unconfirmed.update(outcome=Outcome.SENT, reason=Reason.NONE, settled_at=now):
            return False
        Batch.objects.filter(pk=batch.pk).update(unconfirmed=F("unconfirmed") - 1, sent=F("sent") + 1)
        reputation.count_learnt([(account_id, mailing_id, sequence)], "sent", now=now)
    return True


def proven(*, batch: Batch, sequences: Iterable[int]) -> set[int]:
    """Return which of a batch's messages something was heard of already, before they were settled."""
    rows = Message.objects.filter(
        account_id=batch.account_id, mailing_id=batch.mailing_id, sequence__in=list(sequences), signal__gt=Signal.NONE
    )
    return set(rows.values_list("sequence", flat=True))
