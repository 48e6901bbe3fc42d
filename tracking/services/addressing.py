"""From the token in a mail's links to its message, mailing, account and contact, as far as they still exist."""

from dataclasses import dataclass

from accounts.models import Account
from contacts.models import Contact
from delivery.models import Mailing, Message
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope


@dataclass(frozen=True)
class Addressed:
    """What a token leads to. Parts are None once erased or deleted; the token itself is good for ever.

    `contact_id` is whom the message went to: also where the contact was deleted, not where the person was erased.
    """

    mailing_id: int
    sequence: int
    account: Account | None
    mailing: Mailing | None
    contact: Contact | None
    contact_id: int | None = None


def find(token: str) -> Addressed:
    """Return what a message's token leads to. Raises `signing.BadToken` where nobody ever mailed it."""
    mailing_id, sequence = signing.read_message_token(token)
    account = _account_of(mailing_id, sequence)
    if account is None:
        return Addressed(mailing_id, sequence, None, None, None)
    with account_scope(account):
        mailing = Mailing.objects.filter(pk=mailing_id).first()
        message = Message.objects.filter(account_id=account.pk, mailing_id=mailing_id, sequence=sequence).first()
        contact_id = message.contact_id if message else None
        contact = Contact.objects.filter(pk=contact_id).first() if contact_id else None
    return Addressed(mailing_id, sequence, account, mailing, contact, contact_id)


def _account_of(mailing_id: int, sequence: int) -> Account | None:
    with platform_scope("tracking: find a message's account"):
        account_id = Mailing.objects.filter(pk=mailing_id).values_list("account_id", flat=True).first()
        if account_id is None:
            rows = Message.objects.filter(mailing_id=mailing_id, sequence=sequence)
            account_id = rows.values_list("account_id", flat=True).first()
        return Account.objects.filter(pk=account_id).first() if account_id else None
