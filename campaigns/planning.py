"""The calendar: what was sent and what is planned, by day of the account's clock."""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse

from accounts.models import Account
from campaigns import queries
from campaigns.feed_models import Feed
from campaigns.feeds import schedule
from campaigns.models import Campaign
from campaigns.timing import Timing

FIRST, LAST = date(2000, 1, 1), date(2100, 12, 1)
MOST = 500
UNDATED = 12
_OF_CAMPAIGN = (
    "pk", "name", "state", "timing", "day", "clock", "zone", "spread_hours", "due_at", "sent_at", "decide_at",
)  # fmt: skip
_OF_FEED = ("pk", "name", "state", "every", "weekday", "month_day", "clock", "zone", "next_at", "by_itself")


@dataclass(frozen=True)
class Entry:
    """Something on a day; `note` says what is special about it."""

    at: clock_time
    name: str
    url: str
    state: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Day:
    """One day of the grid."""

    date: date
    is_within: bool
    is_today: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Month:
    """A month with the days of its first and last week, and its neighbours."""

    first: date
    days: tuple[Day, ...]
    before: date | None
    after: date | None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing stands in it."""
        return not any(day.entries for day in self.days)


def month_of(text: str, *, today: date) -> date:
    """Return the first day of the month that is meant (2027-03); of today's where it is none."""
    try:
        first = date.fromisoformat(f"{text}-01") if len(text) == len("2027-03") else today
    except ValueError:
        first = today
    return min(max(first, FIRST), LAST).replace(day=1)


def month(*, account: Account, first: date, today: date) -> Month:
    """Return what stands in a month, read in one query; call inside the account's scope."""
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    days = {each: Day(each, each.month == first.month, each == today) for week in weeks for each in week}
    zone = ZoneInfo(account.time_zone)
    begin, end = (datetime.combine(each, clock_time(), zone) for each in (min(days), max(days) + timedelta(days=1)))
    for row in _rows(account, begin, end):
        for on, entry in _entries(row, begin, end, zone):
            if on in days:
                days[on].entries.append(entry)
    for day in days.values():
        day.entries.sort(key=lambda each: (each.at, each.name))
    return Month(first, tuple(days.values()), _neighbour(first, -1), _neighbour(first, 31))


def undated(account: Account) -> list[Campaign]:
    """Return the drafts for which no day was chosen, the last edited first."""
    drafts = queries.campaigns_of(account).filter(state=Campaign.State.DRAFT).exclude(
        day__isnull=False, timing__in=(Campaign.Timing.AT, Campaign.Timing.LOCAL)
    )  # fmt: skip
    return list(drafts.only("pk", "name", "updated_at", "account_id").order_by("-updated_at")[:UNDATED])


def _rows(account: Account, begin: datetime, end: datetime) -> list[dict[str, Any]]:
    within, days = (begin, end), (begin.date(), end.date())
    planned = (Campaign.State.DRAFT, Campaign.State.SCHEDULED)
    sent = Q(sent_at__range=within) & ~Q(state__in=Campaign.WRITTEN)
    chosen = Q(state__in=planned, day__range=days, timing__in=(Campaign.Timing.AT, Campaign.Timing.LOCAL))
    due = Q(state=Campaign.State.SCHEDULED, due_at__range=within)
    deciding = Q(state=Campaign.State.TESTING, decide_at__range=within)
    feeds = Q(state=Campaign.State.PATTERN, feeds__next_at__lt=end)
    found = Campaign.objects.filter(sent | chosen | due | deciding | feeds, account=account, deleted_at=None)
    names = (*_OF_CAMPAIGN, *(f"feeds__{name}" for name in _OF_FEED))
    return list(found.order_by("pk").values(*names)[:MOST])


def _entries(row: Mapping[str, Any], begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[date, Entry]]:
    state = Campaign.State(row["state"])
    if state == Campaign.State.PATTERN:
        yield from _runs(row, begin, end, zone)
        return
    url, notes = reverse("campaigns:detail", args=[row["pk"]]), []
    if row["spread_hours"]:
        notes.append(f"over {row['spread_hours']} hours")
    timing = Timing(row["timing"], row["day"], row["clock"], row["zone"])
    moment = row["sent_at"] if state not in (Campaign.State.DRAFT, Campaign.State.SCHEDULED) else row["due_at"]
    if timing.kind == Campaign.Timing.LOCAL and timing.typed and state != Campaign.State.SENT:
        notes.append("on each person’s clock")
        local = timing.typed
    elif moment is None and timing.typed:
        local = timing.due(timing.typed.replace(tzinfo=zone)).astimezone(zone)
    elif moment is None:
        return
    else:
        local = moment.astimezone(zone)
    yield local.date(), Entry(local.time(), row["name"], url, state.value, str(state.label), ", ".join(notes))
    if state == Campaign.State.TESTING and row["decide_at"]:
        at = row["decide_at"].astimezone(zone)
        yield at.date(), Entry(at.time(), row["name"], url, state.value, str(state.label), "the winner is chosen")


def _runs(row: Mapping[str, Any], begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[date, Entry]]:
    feed = Feed(**{name: row[f"feeds__{name}"] for name in _OF_FEED if name != "pk"}, pk=row["feeds__pk"])
    url = reverse("feeds:detail", args=[feed.pk])
    note = "from its feed" if feed.by_itself else "a draft, from its feed"
    for due in schedule.times_between(feed, begin, end):
        local = due.astimezone(zone)
        yield local.date(), Entry(local.time(), feed.name, url, "scheduled", "Feed", note)


def _neighbour(first: date, days: int) -> date | None:
    there = (first + timedelta(days=days)).replace(day=1)
    return there if FIRST <= there <= LAST else None
