"""Adding by a member's hand: the contact and the lists they go on, all or nothing."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.services.auditing import SYSTEM, Actor
from contacts.fields import Value
from contacts.models import Contact, List
from contacts.services import people
from contacts.services.lists import subscribing


def add_by_member(
    *,
    account_id: int,
    profile: Mapping[str, Value],
    values: Mapping[str, Value],
    lists: Collection[List],
    now: datetime,
    actor: Actor = SYSTEM,
) -> Contact:
    """Add a person and subscribe them; values as `contacts.fields` reads them. Raises what `people.add_contact` raises."""
    # Before the transaction: a finding is kept although nothing else is.
    people.look_at(account_id=account_id, values=values, place=Contact.Source.MEMBER, now=now)
    with transaction.atomic():
        contact = people.add_contact(
            account_id=account_id,
            source=Contact.Source.MEMBER,
            values=values,
            now=now,
            actor=actor,
            **_attributes(profile),
        )
        for each in lists:
            subscribing.subscribe(contact=contact, list=each, source=Contact.Source.MEMBER, now=now)
    return contact


def _attributes(profile: Mapping[str, Value]) -> dict[str, Any]:
    """Return standard fields as a contact has them."""
    born = profile.get("date_of_birth")
    found: dict[str, Any] = {name: value or "" for name, value in profile.items()}
    return found | {"date_of_birth": date.fromisoformat(str(born)) if born else None}
