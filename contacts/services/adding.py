"""Adding by a member's hand: the contact and the lists they go on, all or nothing."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.services.auditing import SYSTEM, Actor
from contacts.models import Contact, List
from contacts.services import people, subscribing


def add_by_member(
    *,
    account_id: int,
    profile: Mapping[str, Any],
    values: Mapping[str, Any],
    lists: Collection[List],
    now: datetime,
    actor: Actor = SYSTEM,
) -> Contact:
    """Add a person and subscribe them. Raises what `people.add_contact` raises."""
    with transaction.atomic():
        contact = people.add_contact(
            account_id=account_id, source=Contact.Source.MEMBER, values=values, now=now, actor=actor, **profile
        )
        for each in lists:
            subscribing.subscribe(contact=contact, list=each, source=Contact.Source.MEMBER, now=now)
    return contact
