"""Warm-up plans: a new sending domain begins with few messages a day, so that mailbox providers learn to know it.

Volumes are counted in PostgreSQL, in the transaction that claims a batch, and given back where a message was not begun. What
is over a day's volume waits for the next day, UTC. Transactional mail counts and never waits.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection
from django.db.models import F

from accounts.services import auditing
from accounts.services.auditing import Actor
from delivery.limit_models import WarmUp, WarmUpDay
from delivery.models import Mailing, SendingDomain
from delivery.services import waiting
from emailconcert.lib.errors import ExpectedError

PLAN = (50, 100, 500, 1_000, 5_000, 10_000, 20_000, 40_000)
_DAYS_BEFORE, _DAYS_AFTER = 6, 1


class CannotWarmUp(ExpectedError):
    """The domain's plan is not in a state for this."""


@dataclass(frozen=True)
class Day:
    """One day of a plan: how much may leave, and how much has."""

    day: date
    planned: int
    sent: int


def planned(began_on: date, day: date) -> int:
    """Return a day's volume: the plan's, then twice as much each day."""
    number = max(0, (day - began_on).days)
    if number < len(PLAN):
        return PLAN[number]
    return int(PLAN[-1] * 2 ** min(number - len(PLAN) + 1, 20))


def left_today(mailing: Mailing, *, now: datetime) -> int | None:
    """Return how many messages of the mailing's domain may still leave today, None without a plan.

    Locks the day until the transaction ends; `count` what is taken in it. In the account's scope.
    """
    plan = _plan(mailing)
    if plan is None or mailing.kind == Mailing.Kind.TRANSACTIONAL:
        return None
    day = _today(plan, now)
    return max(0, planned(plan.began_on, day.day) - day.volume)


def count(mailing: Mailing, messages: int, *, now: datetime) -> None:
    """Count messages that are about to leave."""
    plan = _plan(mailing)
    if plan is not None and messages:
        WarmUpDay.objects.filter(pk=_today(plan, now).pk).update(volume=F("volume") + messages)


_GIVE_BACK = """
    UPDATE delivery_warmupday d SET volume = greatest(d.volume - %s, 0)
    FROM delivery_mailing m JOIN delivery_warmup w ON w.account_id = m.account_id AND w.domain_id = m.domain_id
    WHERE m.account_id = %s AND m.id = %s AND d.account_id = w.account_id AND d.warm_up_id = w.id AND d.day = %s
"""


def give_back(*, account_id: int, mailing_id: int, messages: int, now: datetime) -> None:
    """Give back the volume of messages that were claimed and not begun; in the account's scope."""
    if messages > 0:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, [messages, account_id, mailing_id, now.astimezone(UTC).date()])


def days_for(*, account_id: int, domain_id: int | None, people: int, now: datetime) -> int:
    """Return over how many days so many messages of a domain leave, from today on; in the account's scope."""
    plan = WarmUp.objects.filter(account_id=account_id, domain_id=domain_id, is_on=True).first() if domain_id else None
    if plan is None:
        return 1
    today = now.astimezone(UTC).date()
    sent = WarmUpDay.objects.filter(warm_up=plan, day=today).values_list("volume", flat=True).first() or 0
    left, days = people - max(0, planned(plan.began_on, today) - sent), 1
    while left > 0:
        left -= planned(plan.began_on, today + timedelta(days=days))
        days += 1
    return days


def start_plan(*, domain: SendingDomain, actor: Actor, now: datetime) -> WarmUp:
    """Begin a domain's plan with today, or go on with it where it was switched off; in the account's scope."""
    plan, is_new = WarmUp.objects.get_or_create(domain=domain, defaults={"began_on": now.astimezone(UTC).date()})
    if not is_new and not WarmUp.objects.filter(pk=plan.pk, is_on=False).update(is_on=True):
        raise CannotWarmUp("This domain's plan is on already.")
    _record("domain.warm_up_on", domain, actor, now)
    return plan


def stop_plan(*, domain: SendingDomain, actor: Actor, now: datetime) -> None:
    """Switch a domain's plan off: what waits for tomorrow leaves now. In the account's scope."""
    if not WarmUp.objects.filter(domain=domain, is_on=True).update(is_on=False):
        raise CannotWarmUp("This domain's plan is off already.")
    waiting.release(account_id=domain.account_id, domain_id=domain.pk, until=waiting.tomorrow(now), now=now)
    _record("domain.warm_up_off", domain, actor, now)


def skip_day(*, domain: SendingDomain, actor: Actor, now: datetime) -> None:
    """Move a domain's plan on by one day: more may leave today. In the account's scope."""
    if not WarmUp.objects.filter(domain=domain, is_on=True).update(began_on=F("began_on") - timedelta(days=1)):
        raise CannotWarmUp("This domain's plan is off.")
    waiting.release(account_id=domain.account_id, domain_id=domain.pk, until=waiting.tomorrow(now), now=now)
    _record("domain.warm_up_skipped", domain, actor, now)


def days_of(plan: WarmUp, *, now: datetime) -> list[Day]:
    """Return the days around today as planned and as sent, for a chart; in the account's scope."""
    today = now.astimezone(UTC).date()
    first = max(plan.began_on, today - timedelta(days=_DAYS_BEFORE))
    days = [first + timedelta(days=number) for number in range((today - first).days + 1 + _DAYS_AFTER)]
    sent = dict(WarmUpDay.objects.filter(warm_up=plan, day__in=days).values_list("day", "volume"))
    return [Day(day, planned(plan.began_on, day), sent.get(day, 0)) for day in days]


def _plan(mailing: Mailing) -> WarmUp | None:
    if mailing.domain_id is None:
        return None
    return WarmUp.objects.filter(account_id=mailing.account_id, domain_id=mailing.domain_id, is_on=True).first()


def _today(plan: WarmUp, now: datetime) -> WarmUpDay:
    day = now.astimezone(UTC).date()
    WarmUpDay.objects.bulk_create([WarmUpDay(account_id=plan.account_id, warm_up=plan, day=day)], ignore_conflicts=True)
    return WarmUpDay.objects.select_for_update().get(warm_up=plan, day=day)


def _record(action: str, domain: SendingDomain, actor: Actor, now: datetime) -> None:
    auditing.record(
        action=action, actor=actor, now=now, account_id=domain.account_id, target=("sending_domain", domain.pk)
    )
