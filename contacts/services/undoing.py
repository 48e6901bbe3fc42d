"""Deleting contacts in a way that can be taken back for two minutes.

What was deleted waits in the cache, sealed with the account's key, and is gone after that.
"""

from collections.abc import Collection
from datetime import datetime

from django.core import serializers
from django.core.cache import cache

from accounts.services import keys
from accounts.services.auditing import SYSTEM, Actor
from contacts import queries
from contacts.models import Contact, ContactEvent, ContactTag, DepartedContact, List, Subscription, Tag
from contacts.services import people, timeline
from emailconcert.lib import signing
from emailconcert.lib.errors import ExpectedError

SECONDS = 120
_SEALED = "cache.deleted_contacts"
_Row = Contact | Subscription | ContactTag | ContactEvent


class TooLate(ExpectedError):
    """What was deleted is not kept any more."""

    def __init__(self) -> None:
        super().__init__("It is too late to take this back.")


def delete_contacts(*, contacts: Collection[Contact], now: datetime, actor: Actor = SYSTEM) -> str:
    """Delete contacts; return the secret that `restore` takes, empty where opt-outs are kept and nothing comes back.

    Raises `people.IsRestricted`, with nobody deleted, where one of them asked to be left as they are.
    """
    account_id = next((contact.account_id for contact in contacts), None)
    if account_id is None:
        return ""
    if may_only_be_stored(contacts):
        raise people.IsRestricted
    kept = _snapshot(contacts)
    opted_out = [people.delete_contact(contact=contact, now=now, actor=actor) for contact in contacts]
    if any(opted_out):
        return ""
    secret = signing.new_secret()
    cache.set(_key(account_id, secret), keys.seal_text(kept, account_id=account_id, context=_SEALED), SECONDS)
    return secret


def restore(*, account_id: int, secret: str, now: datetime) -> int:
    """Bring deleted contacts back as they were; return how many. Raises `TooLate`.

    Who is in again, or was blocked since, is left out, as are lists and tags that were deleted since.
    """
    key = _key(account_id, secret)
    sealed = cache.get(key)
    if sealed is None or not cache.delete(key):
        raise TooLate
    text = keys.unseal_text(sealed, account_id=account_id, context=_SEALED)
    rows: list[_Row] = [row.object for row in serializers.deserialize("json", text)]  # type: ignore[misc]  # what went in
    back = {row.pk for row in rows if isinstance(row, Contact) and _may_return(row)}
    lists, tags = (set(kind.objects.filter(account_id=account_id).values_list("pk", flat=True)) for kind in (List, Tag))
    for row in rows:
        gone = getattr(row, "list_id", None) not in {None, *lists} or getattr(row, "tag_id", None) not in {None, *tags}
        if (row.pk if isinstance(row, Contact) else row.contact_id) in back and not gone:
            row.save(force_insert=True)
    DepartedContact.objects.filter(account_id=account_id, contact_id__in=back).delete()
    for pk in back:
        timeline.write(contact_id=pk, kind="restored", now=now)
    return len(back)


def may_only_be_stored(contacts: Collection[Contact]) -> set[int]:
    """Return the ids of those who asked for their data to be left as it is."""
    held = Contact.objects.filter(queries.restricted(), pk__in=[contact.pk for contact in contacts])
    return set(held.values_list("pk", flat=True))


def _snapshot(contacts: Collection[Contact]) -> str:
    rows: list[_Row] = [*contacts]
    rows += Subscription.objects.filter(contact__in=contacts)
    rows += ContactTag.objects.filter(contact__in=contacts)
    rows += ContactEvent.objects.filter(contact__in=contacts)
    return str(serializers.serialize("json", rows))


def _may_return(contact: Contact) -> bool:
    if Contact.objects.filter(account_id=contact.account_id, email=contact.email).exists():
        return False
    return people.kind_of_block(account_id=contact.account_id, address=contact.email) is None


def _key(account_id: int, secret: str) -> str:
    return f"deleted:{account_id}:{signing.secret_hash(secret, purpose='undo delete').hex()}"
