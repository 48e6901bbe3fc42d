"""By which date a request must be answered, and how that date came about.

Deadlines are dates in the person's zone, reckoned from instants. Pure arithmetic: no clock, no database. Weekends roll
to the next working day where the law says so; we plan by the date before the roll. Public holidays are not counted, so a
date is never later than the law's.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

PROMISE_DAYS = 30
CALIFORNIA_DAYS = 45
ACKNOWLEDGE_BUSINESS_DAYS = 10
RESTART_WINDOW_DAYS = 10


class Clock(StrEnum):
    """The four clocks."""

    PROMISE = "promise"
    EU = "eu"
    UK = "uk"
    CALIFORNIA = "california"


class PauseKind(StrEnum):
    """What was awaited."""

    IDENTITY = "identity"
    CLARIFICATION = "clarification"


@dataclass(frozen=True)
class Pause:
    """A stretch in which something was awaited; `until` is None while it still is."""

    kind: PauseKind
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Facts:
    """What the clocks are reckoned from: aware instants and the IANA zone of the person."""

    received_at: datetime
    zone: str
    verified_at: datetime | None = None
    id_asked_at: datetime | None = None
    pauses: Sequence[Pause] = field(default_factory=tuple)
    extended: bool = False
    promise_restarted: bool = False


@dataclass(frozen=True)
class Due:
    """One clock's date. `planned` is before any weekend roll, `due` after; `reason` says how it came about."""

    clock: Clock
    planned: date
    due: date
    reason: str
    acknowledge_by: date | None = None

    @property
    def label(self) -> str:
        """Return the clock's name as people read it."""
        return _LABELS[self.clock]


_LABELS = {
    Clock.PROMISE: "Our promise",
    Clock.EU: "European Union",
    Clock.UK: "United Kingdom",
    Clock.CALIFORNIA: "California",
}
_PAUSING = {
    Clock.EU: {PauseKind.IDENTITY, PauseKind.CLARIFICATION},
    Clock.UK: {PauseKind.CLARIFICATION},
}


def reckon(clock: Clock, facts: Facts, *, now: datetime) -> Due:
    """Return the date of one clock; a pause that has not ended counts up to `now`.

    Source: GDPR Art. 12(3), Regulation 1182/71 Art. 3; ICO, time limits for responding; 11 CCR §7021.
    """
    if clock == Clock.PROMISE:
        return _promise(facts)
    if clock == Clock.CALIFORNIA:
        return _california(facts)
    return _one_month(clock, facts, now)


def clocks_for(regime: str) -> list[Clock]:
    """Return the clocks that run for a regime: the promise always, and the law's where there is one."""
    return [Clock.PROMISE] + [clock for clock in Clock if clock == regime and clock != Clock.PROMISE]


def reckon_all(regime: str, facts: Facts, *, now: datetime) -> list[Due]:
    """Return the dates of every clock that runs for a regime, the earliest (by its planned date) first."""
    dues = [reckon(clock, facts, now=now) for clock in clocks_for(regime)]
    return sorted(dues, key=lambda due: (due.planned, due.clock))


def may_restart_promise(facts: Facts) -> bool:
    """Tell whether the promise may be counted from verification: it came in the last 10 days, or later."""
    if facts.verified_at is None:
        return False
    first = local_date(facts.received_at, facts.zone) + timedelta(days=PROMISE_DAYS)
    return local_date(facts.verified_at, facts.zone) >= first - timedelta(days=RESTART_WINDOW_DAYS)


def local_date(instant: datetime, zone: str) -> date:
    """Return the calendar date of an instant in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def add_months(day: date, months: int) -> date:
    """Return the same day number so many months later, or the month's last day where there is none."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def next_working_day(day: date) -> date:
    """Return the day itself, or the Monday after a weekend."""
    return day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


def add_business_days(day: date, count: int) -> date:
    """Return the day that is `count` days from Monday to Friday after `day`."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


def paused_days(clock: Clock, facts: Facts, *, start: date, now: datetime) -> int:
    """Return how many calendar days the clock stood still after `start`; overlapping stretches count once."""
    days: set[date] = set()
    for pause in facts.pauses:
        if pause.kind in _PAUSING.get(clock, set()):
            first = max(start, local_date(pause.since, facts.zone))
            last = local_date(pause.until or now, facts.zone)
            days.update(first + timedelta(days=each) for each in range(max(0, (last - first).days)))
    return len(days)


def _promise(facts: Facts) -> Due:
    received = local_date(facts.received_at, facts.zone)
    if facts.promise_restarted and facts.verified_at is not None and may_restart_promise(facts):
        verified = local_date(facts.verified_at, facts.zone)
        day = verified + timedelta(days=PROMISE_DAYS)
        reason = (
            f"received {show(received)}, verified late on {show(verified)}, {PROMISE_DAYS} days from then → {show(day)}"
        )
        return Due(Clock.PROMISE, day, day, reason)
    day = received + timedelta(days=PROMISE_DAYS)
    return Due(Clock.PROMISE, day, day, f"received {show(received)}, {PROMISE_DAYS} days as promised → {show(day)}")


def _california(facts: Facts) -> Due:
    received = local_date(facts.received_at, facts.zone)
    days = CALIFORNIA_DAYS * (2 if facts.extended else 1)
    day = received + timedelta(days=days)
    how = f"{days} days after the extension" if facts.extended else f"{days} days"
    reason = f"received {show(received)}, {how} → {show(day)}"
    return Due(Clock.CALIFORNIA, day, day, reason, add_business_days(received, ACKNOWLEDGE_BUSINESS_DAYS))


def _one_month(clock: Clock, facts: Facts, now: datetime) -> Due:
    received = local_date(facts.received_at, facts.zone)
    start, steps = received, [f"received {show(received)}"]
    if clock == Clock.UK and facts.id_asked_at is not None and facts.verified_at is not None:
        start = max(received, local_date(facts.verified_at, facts.zone))
        steps.append(f"proof of identity came {show(start)}")
    months = 3 if facts.extended else 1
    day = add_months(start, months)
    steps.append("one month" if months == 1 else "three months after the extension")
    if day.day != start.day:
        steps.append(f"{calendar.month_name[day.month]} has no {_ordinal(start.day)}")
    stood_still = paused_days(clock, facts, start=start, now=now)
    if stood_still:
        day += timedelta(days=stood_still)
        steps.append(
            f"{stood_still} {'day' if stood_still == 1 else 'days'} standing still while we waited for an answer"
        )
    rolled = next_working_day(day)
    reason = f"{', '.join(steps)} → {show(day)}"
    if rolled != day:
        reason += f" (a {calendar.day_name[day.weekday()]}; the next working day is {show(rolled)})"
    return Due(clock, day, rolled, reason)


def show(day: date) -> str:
    """Return a date as people write it: 31 Jan 2027."""
    return f"{day.day} {calendar.month_abbr[day.month]} {day.year}"


def _ordinal(number: int) -> str:
    ending = "th" if 11 <= number % 100 <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
