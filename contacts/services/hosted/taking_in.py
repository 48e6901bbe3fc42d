"""Taking in who signed up on a hosted form: with their confirmation, or at once on lists that ask for none."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from contacts import fields
from contacts.fields import Value
from contacts.models import Contact, List, Subscription
from contacts.services import people
from contacts.services.fields import field_values
from contacts.services.lists import subscribing
from privacy.services import guard


def take_in(account_id: int, address: str, values: Mapping[str, Value], *, form_id: int, now: datetime) -> Contact:
    """Add the person, or fill in what they typed themselves. The mailbox is proved to be theirs."""
    known = {each.name: each for each in fields.all_fields(account_id) if each.name != "email"}
    typed = {known[name]: value for name, value in values.items() if name in known}
    contact = Contact.objects.filter(account_id=account_id, email=address).first()
    if contact is not None:
        return fill_in(contact, typed, form_id=form_id, now=now)
    try:
        contact = people.add_contact(
            account_id=account_id, email=address, source=Contact.Source.FORM, source_id=form_id, now=now
        )
    except people.AlreadyThere as error:  # by another door, just now
        return fill_in(error.contact, typed, form_id=form_id, now=now)
    # A field that the account requires and this form does not ask for is no reason to turn somebody away.
    if changed := field_values.put(contact, typed):
        contact.save(update_fields=field_values.columns_of(changed))
    return contact


def fill_in(contact: Contact, typed: Mapping[fields.Field, Value], *, form_id: int, now: datetime) -> Contact:
    """Change what a known person typed; a confirmation is never lost for a value that the guard has come to refuse."""
    standard: dict[str, Any] = {each.name: value for each, value in typed.items() if not each.is_own}
    own = {each.key: value for each, value in typed.items() if each.is_own}
    edit = partial(people.edit_contact, contact=contact, source=Contact.Source.FORM, source_id=form_id, now=now)
    try:
        return edit(changes={**standard, "values": own})
    except guard.SpecialCategory:
        return edit(changes=standard)


def take_at_once(
    *,
    account_id: int,
    address: str,
    values: Mapping[str, Value],
    list_ids: Collection[int],
    form_id: int,
    now: datetime,
) -> Contact | None:
    """Subscribe an address that nobody has proved to be theirs; None where only a confirmed act may do so.

    That is after an opt-out, a suppression, a restriction or an erasure. What is known of somebody is not changed by
    whoever types their address.
    """
    if people.kind_of_block(account_id=account_id, address=address) is not None:
        return None
    contact = Contact.objects.filter(account_id=account_id, email=address).first()
    if contact is not None:
        left = Subscription.objects.filter(contact=contact, list_id__in=list_ids, state=Subscription.State.UNSUBSCRIBED)
        if left.exists():
            return None
    else:
        contact = take_in(account_id, address, values, form_id=form_id, now=now)
    for each in List.objects.filter(account_id=account_id, pk__in=list_ids).order_by("name"):
        subscribing.subscribe(contact=contact, list=each, source=Contact.Source.FORM, now=now)
    return contact
