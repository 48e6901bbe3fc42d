"""The chain over the audit log: appended after commit, verified from the first entry.

Each seal is a keyed hash over the seal before it and the event's facts; the head says how long the chain is. What is
changed, removed, moved or cut off afterwards, by whomever, no longer fits. Source: PRIVACY.md, Audit.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.models import AuditActor, AuditEvent, AuditHead, AuditSeal
from accounts.services import auditing
from emailconcert.lib import addresses
from emailconcert.lib.tenancy import platform_scope

_LOCK = 7311
_PURPOSE = "audit chain"
# Transactions are much shorter; an event that is older and unsealed was put there behind the log's back.
_SETTLED = timedelta(hours=1)
_CHUNK = 2000


@dataclass(frozen=True)
class Break:
    """The first entry of a chain that does not fit."""

    position: int
    event_id: int | None
    what: str


@dataclass(frozen=True)
class Verification:
    """What a chain's check found."""

    account_id: int | None
    checked: int
    erased: int
    waiting: int
    broken: Break | None


def seal(*, now: datetime, limit: int = 1000) -> int:
    """Append what was committed since to the accounts' chains; return how many events were sealed.

    One sealer works at a time; another one leaves at once.
    """
    with platform_scope("accounts: seal the audit log"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        events = list(_unsealed(now)[:limit])
        by_account = sorted(events, key=lambda event: (event.account_id or 0, event.pk))
        for account_id, group in groupby(by_account, key=lambda event: event.account_id):
            _append(account_id, list(group))
    return len(events)


def verify(*, account_id: int | None, now: datetime) -> Verification:
    """Check one account's chain (None is the platform's) from its first entry to its head."""
    with platform_scope("accounts: verify the audit log"):
        checked, erased, previous = 0, 0, _genesis(account_id)
        broken: Break | None = None
        for one in _seals(account_id):
            broken, was_erased = _check(one, expected=checked + 1, previous=previous)
            if broken:
                break
            checked, erased, previous = checked + 1, erased + was_erased, bytes(one.mac)
        broken = broken or _check_head(account_id, checked, previous)
        loose = AuditEvent.objects.filter(_of(account_id), seal=None)
        late = loose.filter(at__lt=now - _SETTLED).order_by("pk").first()
        if broken is None and late is not None and late.pk <= _highest_sealed():
            broken = Break(checked + 1, late.pk, "added without the log, or its seal was removed")
        return Verification(account_id, checked, erased, loose.count(), broken)


def _unsealed(now: datetime) -> QuerySet[AuditEvent]:
    """Return events without a seal, looking no further back than a transaction can last."""
    settled = AuditEvent.objects.filter(at__lt=now - _SETTLED).order_by("-pk").values_list("pk", flat=True).first() or 0
    since = min(settled, _highest_sealed())
    return AuditEvent.objects.filter(seal=None, pk__gt=since).order_by("pk")


def _of(account_id: int | None) -> Q:
    return Q(account=None) if account_id is None else Q(account_id=account_id)


def _highest_sealed() -> int:
    return AuditSeal.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _append(account_id: int | None, events: list[AuditEvent]) -> None:
    head = AuditHead.objects.filter(_of(account_id)).first()
    position, mac = (head.position, bytes(head.last_mac)) if head else (0, _genesis(account_id))
    seals = []
    for event in events:
        position += 1
        mac = _link(mac, event, position)
        seals.append(AuditSeal(event=event, account_id=account_id, position=position, mac=mac))
    AuditSeal.objects.bulk_create(seals)
    facts = {"position": position, "last_mac": mac, "mac": _head_mac(account_id, position, mac)}
    AuditHead.objects.update_or_create(account_id=account_id, defaults=facts)  # type: ignore[misc]  # null is the platform


def _seals(account_id: int | None) -> Iterator[AuditSeal]:
    """Return the chain in order, a chunk at a time."""
    position = 0
    while True:
        chunk = list(
            AuditSeal.objects.select_related("event", "event__actor")
            .filter(_of(account_id), position__gt=position)
            .order_by("position")[:_CHUNK]
        )
        if not chunk:
            return
        yield from chunk
        position = chunk[-1].position


def _check(one: AuditSeal, *, expected: int, previous: bytes) -> tuple[Break | None, bool]:
    if one.position != expected:
        return Break(expected, None, "removed"), False
    event = one.event
    if not hmac.compare_digest(bytes(one.mac), _link(previous, event, one.position)):
        return Break(expected, event.pk, "changed or out of order"), False
    actor: AuditActor | None = getattr(event, "actor", None)
    if actor is None:
        return Break(expected, event.pk, "changed: who acted was removed"), False
    if not bytes(actor.salt):
        return None, True
    facts = {"user": actor.user_id, "name": actor.name, "network": actor.network, "details": actor.details}
    if not hmac.compare_digest(bytes(event.digest), auditing.digest(facts, bytes(actor.salt))):
        return Break(expected, event.pk, "changed: who acted, where from or the details"), False
    return None, False


def _check_head(account_id: int | None, position: int, mac: bytes) -> Break | None:
    head = AuditHead.objects.filter(_of(account_id)).first()
    if head is None:
        return Break(position, None, "changed: the end of the chain was removed") if position else None
    if not hmac.compare_digest(bytes(head.mac), _head_mac(account_id, head.position, bytes(head.last_mac))):
        return Break(position, None, "changed: the end of the chain")
    if head.position != position or not hmac.compare_digest(bytes(head.last_mac), mac):
        return Break(position + 1, None, "removed")
    return None


def _link(previous: bytes, event: AuditEvent, position: int) -> bytes:
    """Return the seal of an event behind the seal `previous`."""
    at = int(event.at.timestamp() * 1_000_000)
    facts = (event.account_id or 0, position, event.pk, at, event.action, event.target_kind, event.target_id)
    text = "\x1f".join(str(fact) for fact in facts)
    return addresses.keyed_hash(previous + bytes(event.digest) + text.encode(), purpose=_PURPOSE)


def _genesis(account_id: int | None) -> bytes:
    return addresses.keyed_hash(f"genesis:{account_id or 0}".encode(), purpose=_PURPOSE)


def _head_mac(account_id: int | None, position: int, mac: bytes) -> bytes:
    return addresses.keyed_hash(mac + f"head:{account_id or 0}:{position}".encode(), purpose=_PURPOSE)
