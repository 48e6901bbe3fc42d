"""What delivery holds of a person: which messages they were sent."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from delivery.models import Mailing, Message, Outcome, Reason, Signal
from delivery.services import dmarc_reports
from privacy import registry
from privacy.registry import PersonalData, Rows, Subject, Sweep


def _messages(subject: Subject) -> QuerySet[Any]:
    return Message.objects.filter(account_id=subject.account_id, contact_id__in=subject.contact_ids)


def _export(subject: Subject) -> Rows:
    mailings = {
        row["pk"]: row
        for row in Mailing.objects.filter(
            account_id=subject.account_id, pk__in=_messages(subject).values("mailing_id")
        ).values("pk", "kind", "from_name", "from_email", "started_at")
    }
    return [
        {
            "kind": mailings[row.mailing_id]["kind"],
            "from": f"{mailings[row.mailing_id]['from_name']} <{mailings[row.mailing_id]['from_email']}>",
            "mailing_started_at": _iso(mailings[row.mailing_id]["started_at"]),
            "outcome": Outcome(row.outcome).label,
            "reason": Reason(row.reason).label,
            "learnt_later": Signal(row.signal).label,
            "settled_at": _iso(row.settled_at),
        }
        for row in _messages(subject).order_by("mailing_id", "sequence")
    ]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _count(subject: Subject) -> int:
    return _messages(subject).count()


def _erase(subject: Subject, now: datetime) -> int:  # noqa: ARG001  # the registry's shape
    """Take the person out of their messages; the rows stay, because the ledger counts them."""
    return _messages(subject).update(contact_id=None)


registry.register(
    PersonalData(
        app="delivery",
        name="messages",
        title="Messages sent",
        purpose="To send mail once, and to know what became of it",
        retention_class="message",
        export=_export,
        count=_count,
        erase=_erase,
        kept="The message's row stays without the person, so that the counts stay right.",
        order=30,
    )
)
registry.register_sweep(
    Sweep(retention_class="dmarc_report", title="DMARC reports", keep=dmarc_reports.KEPT, sweep=dmarc_reports.sweep)
)
