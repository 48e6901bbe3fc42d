"""From the token in a mail's links to its message, mailing, account and contact, as far as they still exist."""

from dataclasses import dataclass

from accounts.models import Account
from contacts.models import Contact
from delivery.models import Mailing, Message
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope, platform_scope


@dataclass(frozen=True)
class Addressed:
    """What a token leads to. Parts are None once erased or deleted; the token itself is good for ever."""

    mailing_id: int
    sequence: int
    account: Account | None
    mailing: Mailing | None
    contact: Contact | None


def find(token: str) -> Addressed:
    """Return what a message's token leads to. Raises `signing.BadToken` where nobody ever mailed it."""
    mailing_id, sequence = signing.read_message_token(token)
    account = _account_of(mailing_id, sequence)
    if account is None:
        return Addressed(mailing_id, sequence, None, None, None)
    with account_scope(account):
        mailing = Mailing.objects.filter(pk=mailing_id).first()
        message = Message.objects.filter(account_id=account.pk, mailing_id=mailing_id, sequence=sequence).first()
        contact = Contact.objects.filter(pk=message.contact_id).first() if message and message.contact_id else None
    return Addressed(mailing_id, sequence, account, mailing, contact)


def _account_of(mailing_id: int, sequence: int) -> Account | None:
    with platform_scope("tracking: find a message's account"):
        account_id = Mailing.objects.filter(pk=mailing_id).values_list("account_id", flat=True).first()
        if account_id is None:
            rows = Message.objects.filter(mailing_id=mailing_id, sequence=sequence)
            account_id = rows.values_list("account_id", flat=True).first()
        return Account.objects.filter(pk=account_id).first() if account_id else None
