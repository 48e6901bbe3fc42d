"""How far a campaign has come: numbers that add up, the pace, the time left, what may be done now."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.models import Campaign
from campaigns.numbers import Numbers, numbers_of
from campaigns.services import checking, following, sending, unsure
from campaigns.services.unsure import Unsure
from delivery import queries as delivery_queries
from delivery.models import Batch, Mailing, Reason
from delivery.services import easing

_NOTICEABLE = timedelta(minutes=2)


@dataclass(frozen=True)
class Progress:
    """What the page of a campaign that was sent shows."""

    numbers: Numbers
    left_out: tuple[tuple[str, int], ...]
    failed: tuple[tuple[str, int], ...]
    skipped: tuple[tuple[str, int], ...]
    is_gathering: bool
    is_live: bool
    may_undo: bool
    seconds_to_start: int
    held_reason: str
    pace: int
    seconds_left: int | None
    waits_until: datetime | None = None
    slowed: tuple[easing.Slowed, ...] = ()
    rests_until: datetime | None = None
    unsure: Unsure | None = None

    @property
    def note(self) -> str:
        """Return the pace and the time left in words."""
        if not self.pace:
            return ""
        words = f"{self.pace:,} a second"
        return f"{words}, {in_words(self.seconds_left)} left" if self.seconds_left else words

    @property
    def is_moving(self) -> bool:
        """Tell whether the numbers still change: after a cancel, too, while batches settle what they had in hand."""
        return self.is_live or self.numbers.left > 0

    @property
    def asks_about_unconfirmed(self) -> bool:
        """Tell whether the member has to choose what becomes of unconfirmed messages."""
        return bool(self.numbers.unconfirmed) and not self.is_live


def look(*, campaign: Campaign, now: datetime) -> Progress:
    """Follow the mailings, then say where the campaign stands."""
    following.follow(campaign=campaign, now=now)
    mailings = sending.mailings_of(campaign)
    numbers = numbers_of([campaign.pk])[campaign.pk]
    starts_at = campaign.sent_at + sending.GRACE if campaign.sent_at else now
    failed, skipped = reasons(mailings) if numbers.failed or numbers.skipped else ({}, {})
    is_sending = campaign.state == Campaign.State.SENDING
    going = [each.start_at for each in mailings if each.state == Mailing.State.SENDING and each.start_at]
    waits_until = min(going) if is_sending and going and min(going) > max(now, starts_at) else None
    is_paced = is_sending and not waits_until
    connections: list[int | None] = [each.connection_id for each in mailings if each.state == Mailing.State.SENDING]
    pace, seconds_left = _pace(numbers, (now - starts_at).total_seconds()) if is_paced else (0, None)
    is_live = campaign.state in (*sending.UNDER_WAY, Campaign.State.TESTING)
    return Progress(
        numbers=numbers,
        left_out=checking.name_reasons(numbers.excluded),
        failed=checking.name_reasons(failed),
        skipped=checking.name_reasons(skipped),
        is_gathering=all(each.state == Mailing.State.COMPILED for each in mailings),
        is_live=is_live,
        unsure=unsure.look(mailings) if numbers.unconfirmed and not is_live else None,
        may_undo=is_sending and now < starts_at and not numbers.settled,
        seconds_to_start=max(0, round((starts_at - now).total_seconds())) if is_sending else 0,
        held_reason=next((each.held_reason for each in mailings if each.held_reason), campaign.problem),
        pace=pace,
        seconds_left=seconds_left,
        waits_until=waits_until,
        slowed=tuple(easing.slowed(account_id=campaign.account_id, connection_ids=connections, now=now)),
        rests_until=_rests_until(mailings, now) if is_paced and numbers.left else None,
    )


def _rests_until(mailings: list[Mailing], now: datetime) -> datetime | None:
    """Return when it goes on where nothing may leave before, as in quiet hours or after a warm-up plan's day."""
    batches = Batch.objects.filter(mailing__in=[each.pk for each in mailings]).exclude(state=Batch.State.DONE)
    if batches.filter(state=Batch.State.LEASED).exists():
        return None
    first = batches.order_by("not_before").values_list("not_before", flat=True).first()
    return first if first and first > now + _NOTICEABLE else None


def reasons(mailings: list[Mailing]) -> tuple[dict[str, int], dict[str, int]]:
    """Return failed and skipped messages by reason (as `Reason` names them, in lower case)."""
    failed: dict[str, int] = {}
    skipped: dict[str, int] = {}
    for mailing in mailings:
        ledger = delivery_queries.ledger(mailing, with_reasons=True)
        for total, part in ((failed, ledger.failed_by_reason), (skipped, ledger.skipped_by_reason)):
            for name, count in part.items():
                key = name if name != Reason.NONE.name.lower() else Reason.REJECTED.name.lower()
                total[key] = total.get(key, 0) + count
    return failed, skipped


def in_words(seconds: int | None) -> str:
    """Return 90 as "2 minutes"."""
    if seconds is None:
        return ""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def _pace(numbers: Numbers, elapsed: float) -> tuple[int, int | None]:
    """Return messages a second since the start, and seconds left at that pace (a pause makes it look slower)."""
    if elapsed <= 1 or not numbers.settled:
        return 0, None
    pace = numbers.settled / elapsed
    return max(1, round(pace)), round(numbers.left / pace)
