"""Who may not be written to, and the fragments of SQL by which other apps ask while they join.

Keyed by account and keyed hash of the address, never by a contact, so that a block outlives erasure. Call inside the
account's scope, or inside the platform's. What is said is also written down outside of the database (`standing_log`).
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts.services import keys
from emailconcert.lib import addresses, encryption
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope, in_platform_scope
from privacy.models import DomainSuppression, Restriction, Suppression
from privacy.services import standing_log
from privacy.services.standing_log import Fact

Reason = Suppression.Reason
_SEALED = "privacy_suppression.sealed_address"

# The mildest first: a worse reason takes the place of a milder one, never the other way round. What a member may lift
# again is the mildest, or they could lift the others by suppressing the address once more.
SEVERITY = (
    Reason.MANUAL,
    Reason.IMPORTED,
    Reason.BOUNCED,
    Reason.UNSUBSCRIBED,
    Reason.COMPLAINED,
    Reason.OBJECTED,
    Reason.ERASED,
)


class Kind(StrEnum):
    """How an address is blocked; the later ones weigh more."""

    SUPPRESSED = "suppressed"
    RESTRICTED = "restricted"
    ERASED = "erased"


@dataclass(frozen=True)
class Block:
    """Why an address may not be written to; `reason` is a `Suppression.Reason`, empty for a restriction."""

    kind: Kind
    reason: str


class LiftedBy(StrEnum):
    """On whose word a suppression is lifted."""

    PERSON = "person"
    MEMBER = "member"


class CannotLift(ExpectedError):
    """Only the person's own confirmed opt-in lifts this."""


def blocked(*, account_id: int, hashes: Collection[bytes]) -> dict[bytes, Block]:
    """Return the blocks of those hashes that have one; hashes that may be written to are left out."""
    hashes = [bytes(each) for each in hashes]
    found: dict[bytes, Block] = {}
    with _scope(account_id):
        rows = Suppression.objects.filter(account_id=account_id, address_hash__in=hashes)
        for address_hash, reason in rows.values_list("address_hash", "reason"):
            kind = Kind.ERASED if reason == Reason.ERASED else Kind.SUPPRESSED
            found[bytes(address_hash)] = Block(kind, reason)
        restricted = Restriction.objects.filter(account_id=account_id, address_hash__in=hashes)
        for address_hash in restricted.values_list("address_hash", flat=True):
            block = found.get(bytes(address_hash))
            if block is None or block.kind != Kind.ERASED:
                found[bytes(address_hash)] = Block(Kind.RESTRICTED, "")
    return found


def blocked_domains(*, account_id: int, domains: Collection[str]) -> set[str]:
    """Return those of the domains to which the account never sends."""
    with _scope(account_id):
        rows = DomainSuppression.objects.filter(account_id=account_id, domain__in=list(domains))
        return set(rows.values_list("domain", flat=True))


def suppress(*, account_id: int, address: str, reason: Suppression.Reason, now: datetime) -> bytes:
    """Never mail a normalised address again; the worst reason wins. Return its hash. Idempotent."""
    address_hash = addresses.address_hash(address, account_id=account_id)
    sealed = None
    if reason != Reason.ERASED:
        sealed = keys.seal_text(address, account_id=account_id, context=_SEALED)
    _put(account_id=account_id, address_hash=address_hash, sealed=sealed, reason=reason, now=now)
    return address_hash


def suppress_many(*, account_id: int, people: Sequence[tuple[str, bytes, Suppression.Reason]], now: datetime) -> None:
    """Never mail many again: normalised address, its hash, and the reason of each. The worst reason wins."""
    if not people:
        return
    key = keys.data_key(account_id)
    sealed = [encryption.seal_text(address, context=_SEALED, key=key) for address, _, _ in people]
    hashes, reasons = [digest for _, digest, _ in people], [str(reason) for _, _, reason in people]
    with _scope(account_id), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO privacy_suppression AS s (account_id, address_hash, sealed_address, reason, created_at)
            SELECT DISTINCT ON (r.hash) %(account)s, r.hash, r.sealed, r.reason, %(now)s
              FROM unnest(%(hashes)s::bytea[], %(sealed)s::bytea[], %(reasons)s::text[]) AS r(hash, sealed, reason)
             ORDER BY r.hash, array_position(%(severity)s::text[], r.reason) DESC
            ON CONFLICT (account_id, address_hash) DO UPDATE
               SET reason = EXCLUDED.reason, created_at = EXCLUDED.created_at,
                   sealed_address = COALESCE(EXCLUDED.sealed_address, s.sealed_address)
             WHERE array_position(%(severity)s::text[], EXCLUDED.reason::text)
                 > array_position(%(severity)s::text[], s.reason::text)
            RETURNING address_hash, reason
            """,
            {
                "account": account_id,
                "hashes": hashes,
                "sealed": sealed,
                "reasons": reasons,
                "now": now,
                "severity": [str(each) for each in SEVERITY],
            },
        )
        standing_log.note([Fact(account_id, bytes(digest), reason, now) for digest, reason in cursor.fetchall()])


def suppress_hash(*, account_id: int, address_hash: bytes, reason: Suppression.Reason, now: datetime) -> None:
    """Suppress by hash alone, where the address is not known or must not be kept."""
    _put(account_id=account_id, address_hash=address_hash, sealed=None, reason=reason, now=now)


def _put(*, account_id: int, address_hash: bytes, sealed: bytes | None, reason: str, now: datetime) -> None:
    with _scope(account_id), connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO privacy_suppression AS s (account_id, address_hash, sealed_address, reason, created_at)
            VALUES (%(account)s, %(hash)s, %(sealed)s, %(reason)s, %(now)s)
            ON CONFLICT (account_id, address_hash) DO UPDATE
               SET reason = EXCLUDED.reason,
                   created_at = EXCLUDED.created_at,
                   sealed_address = CASE WHEN EXCLUDED.reason = 'erased' THEN NULL
                                         ELSE COALESCE(EXCLUDED.sealed_address, s.sealed_address) END
             WHERE array_position(%(severity)s::text[], EXCLUDED.reason::text)
                 > array_position(%(severity)s::text[], s.reason::text)
            """,
            {
                "account": account_id,
                "hash": address_hash,
                "sealed": sealed,
                "reason": str(reason),
                "now": now,
                "severity": [str(each) for each in SEVERITY],
            },
        )
        if cursor.rowcount:
            standing_log.note([Fact(account_id, address_hash, reason, now)])


def lift(*, account_id: int, address_hash: bytes, by: LiftedBy) -> bool:
    """Take a suppression away: the person's own confirmed opt-in lifts any, a member those a member added.

    Return whether there was one. Raises `CannotLift`.
    """
    with _scope(account_id):
        rows = Suppression.objects.filter(account_id=account_id, address_hash=address_hash)
        if by == LiftedBy.MEMBER:
            if rows.exclude(reason=Reason.MANUAL).exists():
                raise CannotLift("This person said no. Only they can say yes again, by signing up and confirming.")
            rows = rows.filter(reason=Reason.MANUAL)  # asked again in the deletion: they may say no just now
        return _delete(rows, Fact(account_id, address_hash, standing_log.LIFTED, datetime.now(UTC)))


def restrict(*, account_id: int, address_hash: bytes, now: datetime, request_id: int | None = None) -> None:
    """Only store this person's data from now on. Idempotent."""
    with _scope(account_id):
        _, is_new = Restriction.objects.get_or_create(
            account_id=account_id, address_hash=address_hash, defaults={"since": now, "request_id": request_id}
        )
        if is_new:
            standing_log.note([Fact(account_id, address_hash, standing_log.RESTRICTED, now)])


def unrestrict(*, account_id: int, address_hash: bytes) -> bool:
    """Lift a restriction; return whether there was one."""
    with _scope(account_id):
        rows = Restriction.objects.filter(account_id=account_id, address_hash=address_hash)
        return _delete(rows, Fact(account_id, address_hash, standing_log.UNRESTRICTED, datetime.now(UTC)))


def note_left_lists(*, account_id: int, address_hash: bytes, list_ids: Collection[int], now: datetime) -> None:
    """Write down outside of the database that a person left lists, so that it holds after a restore."""
    standing_log.note([Fact(account_id, address_hash, standing_log.LEFT, now, list_id) for list_id in list_ids])


def note_joined_list(*, account_id: int, address_hash: bytes, list_id: int, now: datetime) -> None:
    """Write down outside of the database that a person took back their opt-out from a list."""
    standing_log.note([Fact(account_id, address_hash, standing_log.JOINED, now, list_id)])


def _delete(rows: QuerySet[Any], fact: Fact) -> bool:
    is_gone = rows.delete()[0] > 0
    if is_gone:
        standing_log.note([fact])
    return is_gone


def suppressed_sql(*, account: str, address_hash: str) -> str:
    """Return an SQL condition, true where the address (two column references) is suppressed or erased."""
    return (
        f"EXISTS (SELECT 1 FROM privacy_suppression ps"  # noqa: S608  # columns, given by code
        f" WHERE ps.account_id = {account} AND ps.address_hash = {address_hash})"
    )


def erased_sql(*, account: str, address_hash: str) -> str:
    """Return an SQL condition, true where the address was erased and has not opted in again."""
    return (
        f"EXISTS (SELECT 1 FROM privacy_suppression pe"  # noqa: S608  # columns, given by code
        f" WHERE pe.account_id = {account} AND pe.address_hash = {address_hash} AND pe.reason = 'erased')"
    )


def restricted_sql(*, account: str, address_hash: str) -> str:
    """Return an SQL condition, true where the person's data may only be stored."""
    return (
        f"EXISTS (SELECT 1 FROM privacy_restriction pr"  # noqa: S608  # columns, given by code
        f" WHERE pr.account_id = {account} AND pr.address_hash = {address_hash})"
    )


def domain_suppressed_sql(*, account: str, email: str) -> str:
    """Return an SQL condition, true where the account never sends to the address's domain."""
    return (
        f"EXISTS (SELECT 1 FROM privacy_domainsuppression pd"  # noqa: S608  # columns, given by code
        f" WHERE pd.account_id = {account} AND pd.domain = split_part({email}, '@', -1))"
    )


def _scope(account_id: int) -> AbstractContextManager[None]:
    return nullcontext() if in_platform_scope() else account_scope(account_id)
