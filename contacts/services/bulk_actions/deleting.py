"""Deleting many contacts at once, as `people.delete_contact` deletes one."""

from collections.abc import Sequence
from datetime import datetime

from accounts.services import outbox
from contacts.models import Contact, DepartedContact, Subscription
from privacy.models import Suppression
from privacy.services import standing


def delete_many(*, account_id: int, contacts: Sequence[Contact], now: datetime) -> int:
    """Delete many contacts as `delete_contact` does one; the caller audits. Return how many had opted out."""
    pks = [contact.pk for contact in contacts]
    # As in `delete_contact`: an opt-out that is being written is waited for.
    len(Contact.objects.select_for_update().filter(account_id=account_id, pk__in=pks).order_by("pk").values_list("pk"))
    left = Subscription.objects.filter(account_id=account_id, contact__in=pks, state=Subscription.State.UNSUBSCRIBED)
    opted_out = set(left.values_list("contact_id", flat=True))
    for contact in contacts:
        if contact.pk in opted_out:
            reason = Suppression.Reason.UNSUBSCRIBED
            standing.suppress(account_id=account_id, address=contact.email, reason=reason, now=now)
    gone = [
        DepartedContact(contact_id=contact.pk, email_hash=bytes(contact.email_hash), departed_at=now)
        for contact in contacts
    ]
    Contact.objects.filter(account_id=account_id, pk__in=pks).delete()
    DepartedContact.objects.bulk_create(gone, ignore_conflicts=True)
    for pk in pks:
        outbox.put_event(topic="contact.deleted", payload={"contact": pk}, account_id=account_id, now=now)
    return len(opted_out)
