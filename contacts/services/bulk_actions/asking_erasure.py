"""Asking for the erasure of contacts, in their name: the Data Protection Officer carries it out."""

from datetime import datetime

from accounts.models import Account
from accounts.services.auditing import SYSTEM, Actor
from contacts.services.bulk_actions import bulk
from contacts.services.bulk_actions.bulk import Whom
from contacts.table import finding
from emailconcert.lib.errors import ExpectedError
from privacy.models import PrivacyRequest
from privacy.services import on_behalf
from privacy.services.intake import Wanted

MOST = 100


class TooMany(ExpectedError):
    """Each request is looked at by a person."""

    def __init__(self) -> None:
        super().__init__(
            f"At most {MOST} people at once: each request is looked at by the Data Protection Officer. To be rid of "
            "contacts that nobody asked to erase, delete them."
        )


def ask(*, account: Account, whom: Whom, now: datetime, actor: Actor = SYSTEM) -> int:
    """Make one request for each of them; return how many were made. Raises `TooMany`, `bulk.NobodyThere`."""
    found = bulk.chosen(account_id=account.pk, whom=whom, now=now).order_by("pk")[: MOST + 1]
    contacts = finding.reading(lambda: list(found))
    if not contacts:
        raise bulk.NobodyThere
    if len(contacts) > MOST:
        raise TooMany
    people = [
        Wanted(
            type=PrivacyRequest.Type.ERASE,
            full_name=f"{contact.first_name} {contact.last_name}".strip(),
            email=contact.email,
            business_name=account.name,
            details="Asked for by a member of the account, on the contact's behalf.",
        )
        for contact in contacts
    ]
    return on_behalf.ask_for(account_id=account.pk, people=people, actor=actor, now=now)
