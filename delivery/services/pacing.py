"""When each message of a mailing may leave: all at once, spread over hours, or by each person's own clock.

A batch says when it may be claimed (`Batch.not_before`), so pace costs nothing while sending.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings

# Pieces of a spread mailing leave this far apart, unless they would hold more than a batch may.
STEP = timedelta(minutes=5)
# The zone whose clock is first everywhere: UTC+14.
EARLIEST_ZONE = "Pacific/Kiritimati"


@dataclass(frozen=True)
class LocalTime:
    """A time on each person's own clock; `fallback` is the zone of those whose zone is not known."""

    at: datetime
    fallback: str


@dataclass(frozen=True)
class Pace:
    """How fast a mailing leaves: over `spread` from its start, or at a local time. Nothing said: as fast as it can.

    `has_time` says that its start was chosen, so that hours later it is held and not sent.
    """

    spread: timedelta = timedelta()
    local: LocalTime | None = None
    has_time: bool = False

    @property
    def is_timed(self) -> bool:
        """Tell whether batches have times of their own."""
        return bool(self.spread or self.local or self.has_time)


AT_ONCE = Pace()


def instant(at: datetime, zone: str) -> datetime:
    """Return the moment at which clocks in the zone show a time.

    Where clocks skip it, it is as long after the change as it would have been (02:30 becomes 03:30); where they show it
    twice, it is the first (RFC 5545, 3.3.5).
    """
    return at.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def earliest(at: datetime) -> datetime:
    """Return the first moment at which any clock shows a time."""
    return instant(at, EARLIEST_ZONE)


def due_by_zone(local: LocalTime, zones: list[str], *, start: datetime) -> tuple[dict[str, datetime], datetime]:
    """Return when people of each zone are due, and when all others are; nobody before `start`."""
    known = available_timezones()
    due = {zone: max(instant(local.at, zone), start) for zone in zones if zone in known}
    return due, max(instant(local.at, local.fallback), start)


def piece_size(pace: Pace, audience: int) -> int:
    """Return how many messages a batch holds, so that a spread mailing leaves in even steps."""
    if not pace.spread:
        return settings.BATCH_SIZE
    pieces = max(pace.spread // STEP, 1)
    return max(1, min(settings.BATCH_SIZE, -(-audience // pieces)))
