"""The mail that welcomes somebody on a list: once, when they confirmed."""

from datetime import datetime

from accounts.models import Account
from accounts.services import outbox
from contacts.models import Contact, List, Subscription


def welcome(*, subscription: Subscription, contact: Contact, list: List, now: datetime) -> bool:
    """Ask for the list's welcome mail, where it has one and this person had none; tell whether it was asked for."""
    if not (list.welcome_subject and list.welcome_text):
        return False
    fresh = Subscription.objects.filter(pk=subscription.pk, account_id=contact.account_id, welcomed_at=None)
    if not fresh.update(welcomed_at=now):
        return False
    account = Account.objects.get(pk=contact.account_id)
    outbox.put_mail(
        template="welcome",
        to=contact.email,
        context={
            "subject": list.welcome_subject,
            "text": list.welcome_text,
            "first_name": contact.first_name,
            "list": list.name,
            "business": account.name,
            "postal_address": account.postal_address,
            "sender_id": list.sender_id,
        },
        language=contact.language or account.language,
        account_id=contact.account_id,
        now=now,
    )
    return True
