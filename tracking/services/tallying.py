"""Adding events up: from a batch of judged events to what each rollup and activity row gains. Plain Python, no database."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from tracking.models import Kind

MessageKey = tuple[int, int, int]  # account, mailing, sequence
MailingKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Happening:
    """One event, judged; `rule` names what made it a machine's, or a bounce's status."""

    account_id: int
    contact_id: int
    mailing_id: int
    sequence: int
    kind: int
    link: int | None
    at: datetime
    is_machine: bool
    rule: str
    agent: str
    country: str

    @property
    def message(self) -> MessageKey:
        """The message it is about."""
        return self.account_id, self.mailing_id, self.sequence


@dataclass(slots=True)
class Activity:
    """One message's first times, and the links that a person clicked."""

    contact_id: int
    first: dict[str, datetime] = field(default_factory=dict)
    links: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Habit:
    """What one contact gains: last times and counts, people's only."""

    last_open: datetime | None = None
    last_click: datetime | None = None
    opens: int = 0
    clicks: int = 0


_WORD = {Kind.OPEN: "open", Kind.CLICK: "click"}
_COUNTED = {Kind.UNSUBSCRIBE: "unsubscribes", Kind.BOUNCE: "bounces", Kind.COMPLAINT: "complaints"}


class Tally:
    """What a batch adds to each row; `activities` begins as what is stored of its messages."""

    def __init__(self, activities: dict[MessageKey, Activity]) -> None:
        self.activities = activities
        self.touched: set[MessageKey] = set()
        self.mailings: dict[MailingKey, Counter[str]] = {}
        self.hours: Counter[tuple[int, int, datetime, int, bool]] = Counter()
        self.links: dict[tuple[int, int, int], Counter[str]] = {}
        self.habits: dict[tuple[int, int], Habit] = {}

    def add_all(self, events: Iterable[Happening]) -> None:
        """Add judged events up."""
        for event in events:
            hour = event.at.replace(minute=0, second=0, microsecond=0)
            self.hours[(event.account_id, event.mailing_id, hour, event.kind, event.is_machine)] += 1
            counts = self.mailings.setdefault((event.account_id, event.mailing_id), Counter())
            if event.kind in _COUNTED:
                counts[_COUNTED[Kind(event.kind)]] += 1
            else:
                self._add_to_message(event, counts)

    def _add_to_message(self, event: Happening, counts: Counter[str]) -> None:
        word, who = _WORD[Kind(event.kind)], "machine" if event.is_machine else "people"
        activity = self.activities.setdefault(event.message, Activity(event.contact_id))
        self.touched.add(event.message)
        name = f"first_{word}_{who}"
        before = activity.first.get(name)
        if before is None:
            counts[f"unique_{word}s_{who}"] += 1
        activity.first[name] = event.at if before is None else min(before, event.at)
        counts[f"{word}s_{who}"] += 1
        if event.kind == Kind.CLICK and event.link is not None:
            self._add_to_link(event, event.link, who, activity)
        if not event.is_machine:
            self._add_to_contact(event)

    def _add_to_link(self, event: Happening, link: int, who: str, activity: Activity) -> None:
        counts = self.links.setdefault((event.account_id, event.mailing_id, link), Counter())
        counts[f"clicks_{who}"] += 1
        if not event.is_machine and link not in activity.links:
            activity.links.add(link)
            counts["unique_clicks_people"] += 1

    def _add_to_contact(self, event: Happening) -> None:
        habit = self.habits.setdefault((event.account_id, event.contact_id), Habit())
        if event.kind == Kind.OPEN:
            habit.opens += 1
            habit.last_open = max(habit.last_open or event.at, event.at)
        else:
            habit.clicks += 1
            habit.last_click = max(habit.last_click or event.at, event.at)
