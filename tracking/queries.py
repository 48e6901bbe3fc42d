"""Reading what happened to messages, in the account in scope. Reports read rollups only."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields

from django.db.models import Q

from contacts import queries as contact_queries
from contacts.models import Contact
from tracking.models import Event, Kind, MailingRollup

SHOWN = (Kind.OPEN, Kind.CLICK, Kind.BOUNCE, Kind.COMPLAINT)


@dataclass(frozen=True)
class MailingNumbers:
    """What happened to one mailing's messages; `unique_` counts messages, the others events."""

    opens_people: int = 0
    opens_machine: int = 0
    unique_opens_people: int = 0
    unique_opens_machine: int = 0
    clicks_people: int = 0
    clicks_machine: int = 0
    unique_clicks_people: int = 0
    unique_clicks_machine: int = 0
    unsubscribes: int = 0
    bounces: int = 0
    complaints: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


def mailing_numbers(mailing_ids: Collection[int]) -> dict[int, MailingNumbers]:
    """Return the numbers of these mailings, zeros where nothing happened yet. One query."""
    names = [field.name for field in fields(MailingNumbers)]
    found = {mailing_id: MailingNumbers() for mailing_id in mailing_ids}
    for row in MailingRollup.objects.filter(mailing_id__in=mailing_ids).values("mailing_id", *names):
        mailing_id = row.pop("mailing_id")
        found[mailing_id] = MailingNumbers(**row)
    return found


def events_of_contact(contact: Contact, *, limit: int, older: Q | None = None) -> list[Event]:
    """Return the newest opens, clicks, bounces and complaints of one contact, of those that are `older`."""
    mine = {"account_id": contact.account_id, "contact_id__in": contact_queries.ids_of(contact)}
    rows = Event.objects.filter(older or Q(), **mine, kind__in=SHOWN)
    return list(rows.order_by("-at", "-id")[:limit])
