"""Sending domains: added with their keys, the records to publish, removed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import Account
from accounts.services import auditing
from delivery.models import DkimKey, Mailing, Sender, SendingDomain
from delivery.records import checking
from delivery.records.finding import Finding, Record
from delivery.services import signing_keys
from emailconcert.lib import addresses
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

_PURPOSES = {
    DkimKey.Algorithm.RSA: "DKIM: signs your mail",
    DkimKey.Algorithm.ED25519: "DKIM, a second and newer key",
}
_BUSY = (Mailing.State.MATERIALISING, Mailing.State.SENDING, Mailing.State.PAUSED)


class CannotAdd(ExpectedError):
    """The domain can't be added."""


class CannotRemove(ExpectedError):
    """The domain can't be removed."""


@dataclass(frozen=True)
class Row:
    """A record to publish with what was found, as the page shows it; `finding` is None before the first check."""

    record: Record
    relative: str
    finding: Finding | None
    key: DkimKey | None = None

    @property
    def may_go_at(self) -> datetime | None:
        """Return from when a retired key's record may be deleted."""
        return self.key.retired_at + signing_keys.KEEP if self.key and self.key.retired_at else None


def add_domain(*, account: Account, domain: str, actor: auditing.Actor, now: datetime) -> SendingDomain:
    """Add a domain with fresh DKIM keys; senders of that domain become its own. Raises `CannotAdd`."""
    name = _name(domain)
    with account_scope(account):
        try:
            with transaction.atomic():
                made = SendingDomain.objects.create(domain=name, next_check_at=now + timedelta(hours=1))
        except IntegrityError:
            raise CannotAdd("This domain is there already.") from None
        signing_keys.make_pair(made, now=now)
        own = Q(email__endswith=f"@{name}") | Q(email__endswith=f".{name}")
        Sender.objects.filter(own, domain=None).update(domain=made)
        auditing.record(
            action="domain.added", actor=actor, now=now, account_id=account.pk, target=("sending_domain", made.pk)
        )
    return made


def _name(domain: str) -> str:
    try:
        name = addresses.domain_of(addresses.normalise(f"x@{domain.strip().strip('.').removeprefix('@')}"))
    except addresses.BadAddress:
        raise CannotAdd("Write a domain such as shop.example.com.") from None
    if name == settings.PLATFORM_DOMAIN or name.endswith(f".{settings.PLATFORM_DOMAIN}"):
        raise CannotAdd("This domain is ours. Add the one that your own addresses end in.")
    return name


def remove_domain(*, domain: SendingDomain, actor: auditing.Actor, now: datetime) -> None:
    """Remove a domain and its keys; its senders stay. Raises `CannotRemove` while mail is under way in its name."""
    with account_scope(domain.account_id):
        if Mailing.objects.filter(domain=domain, state__in=_BUSY).exists():
            raise CannotRemove("Mail is being sent in its name, or is paused. Let it finish or cancel it first.")
        auditing.record(
            action="domain.removed",
            actor=actor,
            now=now,
            account_id=domain.account_id,
            target=("sending_domain", domain.pk),
            details={"domain": domain.domain},
        )
        domain.delete()


def platform() -> checking.Platform:
    """Return where the records of all domains lead."""
    return checking.Platform(settings.PLATFORM_DOMAIN)


def dns_records(domain: SendingDomain) -> list[Record]:
    """Return what the owner has to publish; retired keys are not asked for."""
    with account_scope(domain.account_id):
        return [row.record for row in rows(domain) if row.may_go_at is None]


def rows(domain: SendingDomain) -> list[Row]:
    """Return all records of a domain with what was found at the last check, in the account's scope."""
    by_selector = {key.selector: key for key in DkimKey.objects.filter(domain=domain).order_by("-algorithm", "-pk")}
    wanted = [
        checking.Key(key.selector, key.public_key, _PURPOSES[DkimKey.Algorithm(key.algorithm)], _is_needed(key))
        for key in by_selector.values()
    ]
    zone = domain.zone or domain.domain
    return [
        Row(
            record=record,
            relative=record.relative(zone),
            finding=Finding.from_json(domain.findings[record.key]) if record.key in domain.findings else None,
            key=by_selector.get(record.key.removeprefix("dkim-")),
        )
        for record in checking.records_for(domain.domain, wanted, platform())
    ]


def _is_needed(key: DkimKey) -> bool:
    return key.algorithm == DkimKey.Algorithm.RSA and key.state != DkimKey.State.RETIRED
