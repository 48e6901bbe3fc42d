"""The addresses that mail is sent from; each is proved by its domain, by its member, or by a mail to it."""

import struct
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Account
from accounts.services import auditing, mailboxes, outbox
from delivery.models import Sender
from delivery.services import origins
from emailconcert.lib import addresses, signing
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

_PURPOSE = "delivery.sender"
_DAYS = 7
_IDS = struct.Struct(">QQ")


class CannotAdd(ExpectedError):
    """The address can't be added."""


class CannotVerify(ExpectedError):
    """The address can't be verified."""


def add_sender(
    *,
    account: Account,
    name: str,
    email: str,
    actor: auditing.Actor,
    now: datetime,
    proved: frozenset[str] = frozenset(),
) -> Sender:
    """Add an address to send from. It is verified where its domain is, or where it is among those `proved`.

    Otherwise a mail with a link goes to it. Raises `CannotAdd`.
    """
    try:
        address = addresses.normalise(email)
    except addresses.BadAddress as error:
        raise CannotAdd(str(error)) from None
    if not name.strip():
        raise CannotAdd("Write the name that people see as the sender.")
    with account_scope(account):
        sender = Sender(name=name.strip(), email=address)
        sender.domain = origins.domain_for(sender)
        verified = address in proved or bool(sender.domain and sender.domain.verified_at)
        sender.verified_at = now if verified else None
        try:
            with transaction.atomic():
                sender.save()
        except IntegrityError:
            raise CannotAdd("This address is there already.") from None
        if not verified:
            ask_mailbox(sender=sender, now=now)
        auditing.record(
            action="sender.added", actor=actor, now=now, account_id=account.pk, target=("sender", sender.pk)
        )
    return sender


def ask_again(*, sender: Sender, now: datetime) -> None:
    """Mail the link to a sender's address once more, in its account's scope. Raises `CannotVerify`."""
    if sender.verified_at is not None:
        raise CannotVerify("This sender is verified already.")
    if not mailboxes.may_mail("verify sender", sender.email):
        raise CannotVerify(f"{sender.email} got this mail several times. Look for it there, or try in an hour.")
    ask_mailbox(sender=sender, now=now)


def ask_mailbox(*, sender: Sender, now: datetime) -> None:
    """Mail a link to a sender's address, by which its owner says yes. Call inside the account's scope."""
    token = signing.sign(
        _IDS.pack(sender.account_id, sender.pk), purpose=_PURPOSE, expires_at=now + timedelta(days=_DAYS)
    )
    outbox.put_mail(
        template="verify_sender",
        to=sender.email,
        context={
            "business": sender.account.name,
            "email": sender.email,
            "url": settings.SITE_URL + reverse("delivery:verify-sender", args=[token]),
            "days": _DAYS,
        },
        language=sender.account.language,
        account_id=sender.account_id,
        now=now,
    )


def find(token: str, *, now: datetime) -> tuple[int, int]:
    """Return (account, sender) of a link. Raises `signing.BadToken`."""
    account_id, sender_id = _IDS.unpack(signing.unsign(token, purpose=_PURPOSE, now=now))
    return account_id, sender_id


def verified(token: str, *, now: datetime) -> Sender | None:
    """Return a link's sender when it was verified before. Raises `signing.BadToken`."""
    account_id, sender_id = find(token, now=now)
    with account_scope(account_id):
        return Sender.objects.filter(pk=sender_id).exclude(verified_at=None).first()


def verify(token: str, *, now: datetime) -> Sender:
    """Take the mailbox's yes; again is harmless. Raises `signing.BadToken`, `CannotVerify`."""
    account_id, sender_id = find(token, now=now)
    with account_scope(account_id):
        Sender.objects.filter(pk=sender_id, verified_at=None).update(verified_at=now)
        sender = Sender.objects.filter(pk=sender_id).first()
    if sender is None:
        raise CannotVerify("This sender was removed.")
    return sender
