"""Messages that nobody knows the end of: why, and to whom they were."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.services import checking
from contacts.models import Contact
from delivery import queries as delivery_queries
from delivery.models import Mailing, Reason

MOST_SHOWN = 25


@dataclass(frozen=True)
class Recipient:
    """Somebody who may have got it. No contact: they are gone since."""

    contact_id: int | None
    email: str
    reason: str


@dataclass(frozen=True)
class Unsure:
    """What there is to know of unconfirmed messages."""

    reasons: tuple[tuple[str, int], ...]
    people: tuple[Recipient, ...]
    more: int


def look(mailings: Sequence[Mailing]) -> Unsure:
    """Return why messages are unconfirmed, and the first of whom they were to."""
    counts: dict[str, int] = {}
    rows: list[tuple[int | None, int]] = []
    for mailing in mailings:
        for name, count in delivery_queries.ledger(mailing, with_reasons=True).unconfirmed_by_reason.items():
            key = _known(name)
            counts[key] = counts.get(key, 0) + count
        rows += delivery_queries.unconfirmed_recipients(mailing, most=MOST_SHOWN - len(rows))
    emails = dict(Contact.objects.filter(pk__in=[pk for pk, _ in rows if pk]).values_list("pk", "email"))
    people = tuple(
        Recipient(pk if pk in emails else None, emails.get(pk or 0, ""), str(Reason[_known(Reason(reason).name)].label))
        for pk, reason in rows
    )
    return Unsure(checking.name_reasons(counts), people, sum(counts.values()) - len(people))


def _known(name: str) -> str:
    """Return a reason's name; messages of before reasons were noted broke off like most."""
    return Reason.CONNECTION_BROKE.name if name.upper() == Reason.NONE.name else name.upper()
