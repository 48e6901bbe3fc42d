"""Whom mail comes from: the sender in their own verified domain, else the platform's address that speaks for them.

Bulk mail in the name of a domain whose DNS does not know us fails SPF, DKIM and DMARC and harms that domain. So it leaves
from the shared platform domain: the sender's name, our address, answers to the sender.
"""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import Account
from delivery.models import Sender, SendingDomain
from emailconcert.lib.errors import ExpectedError

_LONGEST = 55  # with what stands before it, a local part's 64 octets


class CannotMail(ExpectedError):
    """Something beside the content keeps the mailing from being made."""


@dataclass(frozen=True)
class Origin:
    """What From and Reply-To say, and the domain that signs and takes bounces (None: the platform's)."""

    email: str
    reply_to: str
    domain: SendingDomain | None

    @property
    def is_shared(self) -> bool:
        """Tell whether it leaves from the shared platform domain."""
        return self.domain is None


def origin_of(sender: Sender, *, account: Account, reply_to: str = "") -> Origin:
    """Return whom mail of a sender comes from, in the account's scope. Raises `CannotMail`."""
    domain = signing_domain(sender)
    if domain:
        return Origin(sender.email, reply_to, domain)
    if not settings.SHARED_DOMAIN:
        host = sender.email.rpartition("@")[2]
        raise CannotMail(f"{host} is not verified, so mail can't leave in its name: publish its DNS records first.")
    return Origin(f"news-{account.slug[:_LONGEST]}@{settings.PLATFORM_DOMAIN}", reply_to or sender.email, None)


def address_of(sender: Sender, *, account: Account) -> str:
    """Return the address that mail of a sender will show, in the account's scope."""
    try:
        return origin_of(sender, account=account).email
    except CannotMail:
        return sender.email


def domain_for(sender: Sender) -> SendingDomain | None:
    """Return the account's domain that a sender's address belongs to, the most specific one."""
    found = SendingDomain.objects.filter(domain__in=_parents(sender.email.rpartition("@")[2]))
    return max(found, key=lambda domain: len(domain.domain), default=None)


def signing_domain(sender: Sender) -> SendingDomain | None:
    """Return the domain that signs and takes bounces: without its records in the DNS that would do harm."""
    domain = domain_for(sender)
    return domain if domain and domain.verified_at else None


def _parents(host: str) -> list[str]:
    labels = host.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]
