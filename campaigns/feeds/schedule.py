"""When a feed's news are mailed: every day, week or month at a time of a zone."""

import calendar
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.feed_models import Feed
from delivery.services import pacing

_LONGEST_WAIT = 63  # days: a month and its neighbour


def next_after(feed: Feed, after: datetime) -> datetime:
    """Return the first time it is due after a moment; where clocks skip the time, as long after the change."""
    day = after.astimezone(ZoneInfo(feed.zone)).date() - timedelta(days=1)
    for _ in range(_LONGEST_WAIT):
        if _is_its_day(feed, day):
            due = pacing.instant(datetime.combine(day, feed.clock), feed.zone)
            if due > after:
                return due
        day += timedelta(days=1)
    raise AssertionError("every month has a day that is due")


def times_between(feed: Feed, begin: datetime, end: datetime) -> list[datetime]:
    """Return when it is due from its next time on, within a span."""
    found: list[datetime] = []
    due = feed.next_at
    while due is not None and due < end:
        if due >= begin:
            found.append(due)
        due = next_after(feed, due)
    return found


def _is_its_day(feed: Feed, day: date) -> bool:
    if feed.every == Feed.Every.WEEK:
        return day.weekday() == feed.weekday
    if feed.every == Feed.Every.MONTH:
        return day.day == min(feed.month_day, calendar.monthrange(day.year, day.month)[1])
    return True
