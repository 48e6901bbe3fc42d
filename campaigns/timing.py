"""When a campaign goes: now, at a time, or at a time on each person's own clock; at once or spread over hours."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from accounts.choices import time_zones
from campaigns.models import Campaign
from delivery.services import pacing
from delivery.services.pacing import AT_ONCE, LocalTime, Pace
from emailconcert.lib.errors import ExpectedError

LONGEST_SPREAD = 72
FARTHEST = timedelta(days=366)
_DAY = timedelta(days=1)


class BadTime(ExpectedError):
    """It can't go at such a time."""


@dataclass(frozen=True)
class Timing:
    """What a member chose. `day`, `clock` and `zone` are as typed; there is none for what goes now."""

    kind: str = Campaign.Timing.NOW
    day: date | None = None
    clock: clock_time | None = None
    zone: str = ""
    spread_hours: int = 0

    @property
    def typed(self) -> datetime | None:
        """Return the date and time as typed, without a zone."""
        return datetime.combine(self.day, self.clock) if self.day and self.clock else None

    def due(self, now: datetime) -> datetime:
        """Return when the first of it may leave."""
        if self.kind == Campaign.Timing.NOW or self.typed is None:
            return now
        if self.kind == Campaign.Timing.LOCAL:
            return max(pacing.earliest(self.typed), now)
        return pacing.instant(self.typed, self.zone)

    def pace(self) -> Pace:
        """Return what delivery has to know."""
        if self.kind == Campaign.Timing.LOCAL and self.typed:
            return Pace(local=LocalTime(self.typed, self.zone))
        if self.kind == Campaign.Timing.NOW and not self.spread_hours:
            return AT_ONCE
        return Pace(spread=timedelta(hours=self.spread_hours), has_time=self.kind == Campaign.Timing.AT)

    def check(self, now: datetime) -> None:
        """Raise `BadTime` where it has passed, is too far away, or is nobody's time."""
        if self.kind == Campaign.Timing.NOW:
            return
        if self.typed is None:
            raise BadTime("Say on which day and at what time it goes.")
        if self.zone not in dict(time_zones()):
            raise BadTime("Choose the time zone that the time is meant in.")
        # By the day first: the first and the last days of the calendar are no moments in every zone.
        day = self.typed.date()
        if day < (now - _DAY).date() or (day <= _last(now) and pacing.instant(self.typed, self.zone) <= now):
            raise BadTime("That time has passed. Choose a later one, or send it now.")
        if day > _last(now) or pacing.instant(self.typed, self.zone) > now + FARTHEST:
            raise BadTime("That is more than a year away. Choose an earlier day.")


def _last(now: datetime) -> date:
    return (now + FARTHEST + _DAY).date()


def timing_of(campaign: Campaign) -> Timing:
    """Return what was chosen for a campaign."""
    return Timing(campaign.timing, campaign.day, campaign.clock, campaign.zone, campaign.spread_hours)


def zone_of(campaign: Campaign) -> str:
    """Return the zone that times of day are meant in."""
    return campaign.zone or campaign.account.time_zone


def next_time(clock: clock_time, zone: str, *, after: datetime) -> datetime:
    """Return the next moment at which clocks in a zone show a time of day; `after` itself is one if they do then."""
    today = after.astimezone(ZoneInfo(zone)).date()
    moments = (pacing.instant(datetime.combine(today + timedelta(days=n), clock), zone) for n in (0, 1, 2))
    return next(moment for moment in moments if moment >= after)
