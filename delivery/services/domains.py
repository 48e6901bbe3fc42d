"""Sending domains: a DKIM key each, the DNS records to publish, and looking whether they are there."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import dns.exception
import dns.resolver
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Account
from accounts.services import auditing
from delivery.models import Sender, SendingDomain
from delivery.services import connections
from delivery.wire import dkim
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

SELECTOR = "ec1"


class CannotAdd(ExpectedError):
    """The domain can't be added."""


@dataclass(frozen=True)
class Record:
    """A DNS record for the owner to publish, and what it is for."""

    kind: str
    name: str
    value: str
    purpose: str


class Resolver(Protocol):
    """What asks the DNS."""

    def texts(self, name: str, kind: str) -> list[str]:
        """Return the records' texts; empty where there are none."""


class DnsResolver:
    """Asks the real DNS."""

    def texts(self, name: str, kind: str) -> list[str]:
        """Return the records' texts; empty where there are none or nobody answers."""
        try:
            answer = dns.resolver.resolve(name, kind, lifetime=5)
        except dns.exception.DNSException:
            return []
        if kind == "TXT":
            return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]
        return [row.to_text().rstrip(".").lower() for row in answer]


def add_domain(*, account: Account, domain: str, actor: auditing.Actor, now: datetime) -> SendingDomain:
    """Add a domain with a fresh DKIM key. Raises `CannotAdd`."""
    try:
        name = addresses.domain_of(addresses.normalise(f"x@{domain.strip().lstrip('@')}"))
    except addresses.BadAddress:
        raise CannotAdd("Write a domain such as shop.example.com.") from None
    key = dkim.new_rsa_key()
    with account_scope(account):
        try:
            with transaction.atomic():
                made = SendingDomain.objects.create(
                    domain=name,
                    selector=SELECTOR,
                    sealed_private_key=connections.seal_private_key(key, account_id=account.pk),
                    public_key=dkim.public_record(key),
                )
        except IntegrityError:
            raise CannotAdd("This domain is there already.") from None
        auditing.record(
            action="domain.added", actor=actor, now=now, account_id=account.pk, target=("sending_domain", made.pk)
        )
    return made


def dns_records(domain: SendingDomain) -> list[Record]:
    """Return what the owner has to publish."""
    name = domain.domain
    return [
        Record("TXT", f"{domain.selector}._domainkey.{name}", domain.public_key, "Signs your mail (DKIM)"),
        Record("MX", f"bounce.{name}", f"10 mx.{settings.PLATFORM_DOMAIN}", "Brings bounces back to us"),
        Record(
            "TXT",
            f"bounce.{name}",
            f"v=spf1 include:spf.{settings.PLATFORM_DOMAIN} -all",
            "Says that we may send for you (SPF)",
        ),
        Record(
            "TXT",
            f"_dmarc.{name}",
            f"v=DMARC1; p=none; rua=mailto:dmarc@{settings.PLATFORM_DOMAIN}",
            "Tells receivers to check both (DMARC); keep yours if you have one",
        ),
    ]


def check_domain(*, domain: SendingDomain, resolver: Resolver, now: datetime) -> bool:
    """Look whether the records are published; True once the one that signs is. Ask outside any transaction."""
    findings = {f"{record.kind} {record.name}": _finding(record, resolver) for record in dns_records(domain)}
    good = findings[f"TXT {domain.selector}._domainkey.{domain.domain}"]["ok"]
    with account_scope(domain.account_id):
        SendingDomain.objects.filter(pk=domain.pk).update(
            findings=findings, checked_at=now, verified_at=domain.verified_at or now if good else None
        )
        domain.refresh_from_db()
        if good:
            Sender.objects.filter(domain=domain, verified_at=None).update(verified_at=now)
    return bool(good)


def _finding(record: Record, resolver: Resolver) -> dict[str, object]:
    found = resolver.texts(record.name, record.kind)
    if record.name.startswith("_dmarc."):
        ok = any(text.startswith("v=DMARC1") for text in found)
    else:
        ok = "".join(record.value.split()) in ["".join(text.split()) for text in found]
    return {"expected": record.value, "found": found[:3], "ok": ok}
