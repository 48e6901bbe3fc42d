"""Asking the web addresses that a mail links to whether they answer; a worker does it, and answers hold for an hour."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db.models import F, Q, QuerySet

from campaigns.models import LinkAnswer
from emailconcert.lib import limits
from emailconcert.lib.tenancy import account_scope, platform_scope
from emailconcert.lib.web import Answer, Asker
from privacy.services import ledger

Clock = Callable[[], datetime]
FRESH = timedelta(hours=1)
LEASE = timedelta(seconds=90)
SLICE = timedelta(seconds=25)
KEPT = timedelta(days=7)
MOST_IN_AN_HOUR = 500
_HOST_SECONDS = 90
_WAITS = Q(asked_at=None) | Q(asked_at__lt=F("wanted_at"))


def want(urls: Sequence[str], *, now: datetime) -> None:
    """Have addresses asked that were not within the hour; call inside the account's scope."""
    fresh = Q(asked_at__gt=now - FRESH) | Q(wanted_at__gt=now - FRESH, asked_at=None)
    known = set(_among(urls).filter(fresh).values_list("url", flat=True))
    wanted = [LinkAnswer(url=url, url_hash=_hash(url), wanted_at=now) for url in urls if url not in known]
    if wanted:
        LinkAnswer.objects.bulk_create(
            wanted, update_conflicts=True, unique_fields=["account", "url_hash"], update_fields=["wanted_at"]
        )


def answers(urls: Sequence[str]) -> dict[str, Answer | None]:
    """Return what each address answered, None for those that are still to be asked; unknown ones are not in it."""
    found: dict[str, Answer | None] = {}
    for row in _among(urls):
        is_asked = row.asked_at is not None and row.asked_at >= row.wanted_at
        found[row.url] = Answer(row.verdict, row.said) if is_asked else None
    return found


def due(*, now: datetime) -> list[int]:
    """Return accounts that have links to be asked; what nobody has wanted for an hour is left."""
    with platform_scope("campaigns: find links to ask"):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        waiting = LinkAnswer.objects.filter(_WAITS, free, wanted_at__gt=now - FRESH)
        return list(waiting.order_by("account_id").values_list("account_id", flat=True).distinct()[:100])


def run_slice(*, account_id: int, clock: Clock, asker: Asker | None = None) -> bool:
    """Ask an account's links one after the other for half a minute; tell whether some are left."""
    began, asker = clock(), asker or Asker(user_agent())
    if not ledger.may_serve():
        return False
    busy: list[int] = []
    while clock() - began < SLICE:
        row = _claim(account_id, busy, now=clock())
        if row is None:
            return False
        with _host(row.url) as is_free:
            if not is_free:  # another worker asks there; the scheduler comes back
                busy.append(row.pk)
                _keep(row, None, now=clock())
                continue
            may_ask = limits.hit("link check", account_id, MOST_IN_AN_HOUR, 3600)
            answer = asker.ask(row.url) if may_ask else Answer("unclear", "too many links were asked this hour")
        _keep(row, answer, now=clock())
    return True


def user_agent() -> str:
    """Return how the product names itself to the servers it asks."""
    return f"EmailConcert-LinkCheck/1.0 (+{settings.SITE_URL})"


def sweep(cutoff: datetime, dry_run: bool) -> int:
    """Delete answers that nobody has wanted since the cutoff."""
    with platform_scope("campaigns: find old answers of links"):
        old = LinkAnswer.objects.filter(wanted_at__lt=cutoff)
        accounts = list(old.order_by().values_list("account_id", flat=True).distinct())
        if dry_run:
            return old.count()
    total = 0
    for account_id in accounts:
        with account_scope(account_id):
            total += LinkAnswer.objects.filter(account_id=account_id, wanted_at__lt=cutoff).delete()[0]
    return total


def _hash(url: str) -> bytes:
    return hashlib.sha256(url.encode("utf-8", "replace")).digest()


def _among(urls: Sequence[str]) -> QuerySet[LinkAnswer]:
    return LinkAnswer.objects.filter(url_hash__in=[_hash(url) for url in urls])


def _claim(account_id: int, busy: list[int], *, now: datetime) -> LinkAnswer | None:
    with account_scope(account_id):
        free = Q(lease_until=None) | Q(lease_until__lt=now)
        waiting = LinkAnswer.objects.filter(_WAITS, free, wanted_at__gt=now - FRESH).exclude(pk__in=busy)
        row = waiting.select_for_update(skip_locked=True).order_by("pk").first()
        if row:
            row.lease_until = now + LEASE
            row.save(update_fields=["lease_until"])
        return row


def _keep(row: LinkAnswer, answer: Answer | None, *, now: datetime) -> None:
    changes: dict[str, object] = {"lease_until": None}
    if answer:
        changes |= {"asked_at": max(now, row.wanted_at), "verdict": answer.verdict, "said": answer.said[:120]}
    with account_scope(row.account_id):
        LinkAnswer.objects.filter(pk=row.pk).update(**changes)


@contextmanager
def _host(url: str) -> Iterator[bool]:
    """Hold a host for one request, whichever account's; without Redis everybody may."""
    key = f"link-host:{hashlib.sha256((urlsplit(url).hostname or '').encode()).hexdigest()}"
    try:
        is_free = bool(limits.client().set(key, "1", nx=True, ex=_HOST_SECONDS))
    except redis.RedisError:
        yield True
        return
    try:
        yield is_free
    finally:
        if is_free:
            with suppress(redis.RedisError):
                limits.client().delete(key)
