"""The addresses that an account never mails, as its members may see them.

Erased people are in it for the machine alone: no page tells who they were.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.services import auditing, keys
from accounts.services.auditing import SYSTEM, Actor
from contacts.models import Contact
from emailconcert.lib import addresses
from emailconcert.lib.encryption import CannotDecrypt
from privacy.models import Suppression
from privacy.services import standing

PAGE = 50
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


def unblock(*, suppression: Suppression, now: datetime, actor: Actor = SYSTEM) -> None:
    """Lift what a member added. Raises `standing.CannotLift` for what the person said or a mail server told."""
    account_id = suppression.account_id
    standing.lift(account_id=account_id, address_hash=bytes(suppression.address_hash), by=standing.LiftedBy.MEMBER)
    auditing.record(action="address.suppression_lifted", actor=actor, now=now, account_id=account_id)


def _shown(row: Suppression) -> Blocked:
    address = ""
    if row.sealed_address is not None:
        try:
            address = keys.unseal_text(bytes(row.sealed_address), account_id=row.account_id, context=_SEALED)
        except CannotDecrypt:
            address = ""
    may_lift = row.reason == Suppression.Reason.MANUAL
    return Blocked(row.pk, address, row.reason, row.get_reason_display(), row.created_at, may_lift)
