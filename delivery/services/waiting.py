"""Times at which a mailing's batches may not leave though they are due: quiet hours, and a warm-up plan that is used up."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from delivery.limit_models import SendingRules
from delivery.models import Batch, Mailing


def closed_until(mailing: Mailing, *, room: int | None, now: datetime) -> datetime | None:
    """Return when a mailing may go on where it may not now: after quiet hours, or tomorrow where `room` of today is 0.

    Transactional mail may always. In the account's scope.
    """
    if mailing.kind == Mailing.Kind.TRANSACTIONAL:
        return None
    rules = SendingRules.objects.select_related("account").filter(account_id=mailing.account_id).first()
    quiet = quiet_until(rules, now=now) if rules else None
    return quiet or (tomorrow(now) if room == 0 else None)


def tomorrow(now: datetime) -> datetime:
    """Return when the next day begins, UTC."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)


def quiet_until(rules: SendingRules, *, now: datetime) -> datetime | None:
    """Return when the quiet hours that hold at a moment end, by the account's clock; None outside of them."""
    start, end = rules.quiet_from, rules.quiet_until
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(ZoneInfo(rules.account.time_zone))
    clock = local.time()
    is_quiet = start <= clock < end if start < end else clock >= start or clock < end
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if clock >= end else 0)
    return datetime.combine(day, end, tzinfo=local.tzinfo).astimezone(now.tzinfo)


def wait(mailing: Mailing, *, until: datetime, now: datetime) -> None:
    """Let a mailing's due batches wait; in the account's scope. One that another slot looks at waits by that slot."""
    due = Batch.objects.filter(mailing_id=mailing.pk, state=Batch.State.OPEN, not_before__lte=now)
    free = due.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    Batch.objects.filter(pk__in=list(free)).update(not_before=until)


def release(*, account_id: int, until: datetime, now: datetime, domain_id: int | None = None) -> None:
    """Let go on what waited for a moment that has lost its meaning; in the account's scope."""
    mailings = Mailing.objects.filter(account_id=account_id, state__in=(Mailing.State.SENDING, Mailing.State.PAUSED))
    if domain_id is not None:
        mailings = mailings.filter(domain_id=domain_id)
    waiting = Batch.objects.filter(mailing__in=mailings, state=Batch.State.OPEN, not_before=until)
    waiting.update(not_before=now)
