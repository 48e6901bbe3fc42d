"""What a segment may ask: conditions, each with operators, each with the values it takes. Other apps add theirs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from django.db.models import Q

from accounts.models import Account
from emailconcert.lib.errors import ExpectedError

Value = str | int | Decimal | date | list[str]
Values = Mapping[str, Value]
Choices = Callable[[int], Sequence[tuple[str, str]]]
"""Called with the account's id; gives (value, label) pairs."""

# The groups in which the builder offers conditions, in this order.
GROUPS = ("Profile", "Your fields", "Lists and tags", "Where they came from", "Campaigns", "Standing")


class BadSegment(ExpectedError):
    """A segment that cannot be read, in words that mend it; `path` leads to the rule, a number for each level."""

    def __init__(self, sentence: str, path: tuple[int, ...] = ()) -> None:
        super().__init__(sentence)
        self.path = path


@dataclass(frozen=True)
class At:
    """For whom and when a segment is compiled."""

    account_id: int
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """Return the day in the account's time zone."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True)
class Input:
    """One value that an operator asks for. `before` and `after` stand around it, so that the whole reads as a sentence.

    Of "codes", such as countries, several can be named: chosen one by one, or written in one text, apart by commas.
    """

    name: str
    label: str
    kind: Literal["text", "number", "days", "date", "choice", "choices", "codes"] = "text"
    choices: Choices | None = None
    required: bool = True
    before: str = ""
    after: str = ""
    read: Callable[[str], Value] | None = field(default=None, compare=False)


def split_codes(text: str) -> list[str]:
    """Return what was written apart by commas or semicolons."""
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]


@dataclass(frozen=True)
class Operator:
    """What is asked of a condition. `compile` returns a Q on Contact that is true or false, never unknown."""

    name: str
    label: str
    compile: Callable[[Values, At], Q]
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Something that is known of contacts. `label` begins the sentence; empty where the operator's says all."""

    name: str
    label: str
    group: str
    operators: tuple[Operator, ...]
    spoken: str = ""

    def operator(self, name: object) -> Operator | None:
        """Return the operator of this name; the first one for none."""
        if not name:
            return self.operators[0]
        return next((each for each in self.operators if each.name == name), None)


_conditions: dict[str, Condition] = {}
_sources: list[Callable[[int], Iterable[Condition]]] = []


def register(condition: Condition) -> None:
    """Add a condition; higher apps do so in their AppConfig.ready."""
    _conditions[condition.name] = condition


def register_source(source: Callable[[int], Iterable[Condition]]) -> None:
    """Add a function that gives the conditions which an account has of its own."""
    _sources.append(source)


class Vocabulary:
    """Every condition that an account may use just now, and the choices of their inputs, each asked for once."""

    def __init__(self, *, account_id: int, now: datetime) -> None:
        zone = Account.objects.values_list("time_zone", flat=True).get(pk=account_id)
        self.at = At(account_id, now, ZoneInfo(zone))
        self._conditions = dict(_conditions)
        for source in _sources:
            self._conditions.update({each.name: each for each in source(account_id)})
        self._choices: dict[Choices, Sequence[tuple[str, str]]] = {}

    def find(self, name: object) -> Condition | None:
        """Return the condition of this name."""
        return self._conditions.get(str(name))

    def groups(self) -> list[tuple[str, list[Condition]]]:
        """Return all conditions by group, as the builder offers them."""
        found = [(group, [each for each in self._conditions.values() if each.group == group]) for group in GROUPS]
        return [(group, conditions) for group, conditions in found if conditions]

    def choices(self, asked: Input) -> Sequence[tuple[str, str]]:
        """Return what an input may be; nothing for one that is typed."""
        if asked.choices is None:
            return ()
        if asked.choices not in self._choices:
            self._choices[asked.choices] = asked.choices(self.at.account_id)
        return self._choices[asked.choices]
