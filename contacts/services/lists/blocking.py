"""The addresses that an account never mails, as its members may see them.

Erased people are in it for the machine alone: no page tells who they were.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from accounts.services import auditing, keys
from accounts.services.auditing import SYSTEM, Actor
from contacts.models import Contact
from emailconcert.lib import addresses
from emailconcert.lib.encryption import CannotDecrypt, unseal_text
from privacy.models import DomainSuppression, Suppression
from privacy.services import standing

PAGE = 50
_HEADS = {"email", "e-mail", "address", "email address", "domain"}
_SEALED = "privacy_suppression.sealed_address"


@dataclass(frozen=True)
class Blocked:
    """One suppressed address; `address` is empty where only its hash is kept."""

    id: int
    address: str
    reason: str
    why: str
    since: datetime
    may_lift: bool


def blocked_page(*, account_id: int, after: int | None = None) -> tuple[list[Blocked], int | None]:
    """Return a page of suppressed addresses, the newest first, and the key of the next."""
    rows = Suppression.objects.filter(account_id=account_id).exclude(reason=Suppression.Reason.ERASED).order_by("-pk")
    if after:
        rows = rows.filter(pk__lt=after)
    found = list(rows[: PAGE + 1])
    return [_shown(row) for row in found[:PAGE]], found[PAGE - 1].pk if len(found) > PAGE else None


def find_blocked(*, account_id: int, email: str) -> Blocked | None:
    """Return the suppression of a full address. Raises `addresses.BadAddress`."""
    digest = addresses.address_hash(addresses.normalise(email), account_id=account_id)
    rows = Suppression.objects.filter(account_id=account_id, address_hash=digest)
    row = rows.exclude(reason=Suppression.Reason.ERASED).first()
    return _shown(row) if row else None


def block(*, account_id: int, email: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Never mail an address again, on a member's word. Raises `addresses.BadAddress`."""
    address = addresses.normalise(email)
    standing.suppress(account_id=account_id, address=address, reason=Suppression.Reason.MANUAL, now=now)
    contact = Contact.objects.filter(account_id=account_id, email=address).values_list("pk", flat=True).first()
    target = ("contact", contact) if contact else None
    auditing.record(action="address.suppressed", actor=actor, now=now, account_id=account_id, target=target)


def block_many(*, account_id: int, text: str, now: datetime, actor: Actor = SYSTEM) -> tuple[int, int, list[str]]:
    """Never mail the addresses and domains of a text again, one on each line (CSV: the first cell).

    Return how many addresses and domains were taken, and the first lines that are neither.
    """
    people, domains, bad = _read(text, account_id)
    standing.suppress_many(account_id=account_id, people=people, now=now)
    DomainSuppression.objects.bulk_create(
        [DomainSuppression(account_id=account_id, domain=domain, created_at=now) for domain in sorted(domains)],
        ignore_conflicts=True,
    )
    details = {"addresses": len(people), "domains": len(domains)}
    auditing.record(action="addresses.suppressed", actor=actor, now=now, account_id=account_id, details=details)
    return len(people), len(domains), bad[:5]


def unblock(*, suppression: Suppression, reason: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Lift what a member added, for a reason that is written down.

    Raises `standing.CannotLift` for what the person said or a mail server told.
    """
    account_id = suppression.account_id
    standing.lift(account_id=account_id, address_hash=bytes(suppression.address_hash), by=standing.LiftedBy.MEMBER)
    auditing.record(
        action="address.suppression_lifted", actor=actor, now=now, account_id=account_id, details={"reason": reason}
    )


def domains(account_id: int) -> list[DomainSuppression]:
    """Return the domains that the account never mails."""
    return [*DomainSuppression.objects.filter(account_id=account_id).order_by("domain")]


def unblock_domain(*, row: DomainSuppression, reason: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """Allow mail to a domain again; what single people there said still holds."""
    account_id, domain = row.account_id, row.domain
    row.delete()
    details = {"domain": domain, "reason": reason}
    auditing.record(action="domain.suppression_lifted", actor=actor, now=now, account_id=account_id, details=details)


def lines(account_id: int) -> Iterator[tuple[str, str, str]]:
    """Yield (address or domain, why, since) of all that are kept to be read, for a file. Erased people are in none."""
    key = keys.data_key(account_id)
    rows = Suppression.objects.filter(account_id=account_id).exclude(reason=Suppression.Reason.ERASED)
    for row in rows.exclude(sealed_address=None).order_by("pk").iterator(chunk_size=2000):
        try:
            address = unseal_text(bytes(row.sealed_address or b""), context=_SEALED, key=key)
        except CannotDecrypt:
            continue
        yield address, row.get_reason_display(), row.created_at.isoformat(timespec="seconds")
    for each in domains(account_id):
        yield each.domain, "Domain", each.created_at.isoformat(timespec="seconds")


def _read(text: str, account_id: int) -> tuple[list[tuple[str, bytes, Suppression.Reason]], set[str], list[str]]:
    people: dict[bytes, tuple[str, bytes, Suppression.Reason]] = {}
    domains: set[str] = set()
    bad: list[str] = []
    several = len([line for line in text.splitlines() if line.strip()]) > 1
    reason = Suppression.Reason.IMPORTED if several else Suppression.Reason.MANUAL
    for line in text.splitlines():
        cell = re.split(r"[,;\t]", line.strip(), maxsplit=1)[0].strip().strip("\"'")
        try:
            if not cell or cell.lower() in _HEADS:
                continue
            if "@" in cell.lstrip("@"):
                address = addresses.normalise(cell)
                digest = addresses.address_hash(address, account_id=account_id)
                people[digest] = (address, digest, reason)
            else:
                domains.add(addresses.domain_of(addresses.normalise(f"x@{cell.lstrip('@')}")))
        except addresses.BadAddress:
            bad.append(cell[:60])
    return [*people.values()], domains, bad


def _shown(row: Suppression) -> Blocked:
    address = ""
    if row.sealed_address is not None:
        try:
            address = keys.unseal_text(bytes(row.sealed_address), account_id=row.account_id, context=_SEALED)
        except CannotDecrypt:
            address = ""
    may_lift = row.reason == Suppression.Reason.MANUAL
    return Blocked(row.pk, address, row.reason, row.get_reason_display(), row.created_at, may_lift)
