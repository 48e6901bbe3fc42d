"""Where a field's value lies, and the few questions that all operators are made of.

Each answers true or false, never unknown, also where there is no value: then a `none` group is what people think it is.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, Right, Substr
from django.db.models.lookups import EndsWith, Exact, IContains, IEndsWith, IExact, In, IStartsWith

from contacts.conditions.registry import At
from contacts.fields.kinds import instant

_LOOKUPS: dict[str, Any] = {
    "exact": Exact, "iexact": IExact, "icontains": IContains, "istartswith": IStartsWith, "iendswith": IEndsWith,
    "endswith": EndsWith, "in": In,
}  # fmt: skip


class _Path(Func):
    template = "(%(expressions)s)::jsonpath"


class _Finds(Func):
    """`values @? path`: false where the path finds nothing or another type."""

    template = "(%(expressions)s)"
    arg_joiner = " @? "
    output_field = BooleanField()


def finds(key: str, test: str) -> Q:
    """Return whether a custom value passes a test of jsonpath, in which `@` is the value (or one of several)."""
    path = f"$.{json.dumps(key, ensure_ascii=False)}[*] ? ({test})"
    return Q(_Finds(F("values"), _Path(Value(path))))


def quote(value: str) -> str:
    """Return a text as jsonpath writes it."""
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Text:
    """A text: a column of the contact that is never null, or a custom value."""

    name: str
    is_own: bool

    def ask(self, lookup: str, value: Any) -> Q:
        """Return whether the text passes one of Django's lookups."""
        if self.is_own:
            return Q(_LOOKUPS[lookup](_text_of(self.name), value))
        return Q(**{f"{self.name}__{lookup}": value})


@dataclass(frozen=True)
class Day:
    """A date without a time."""

    name: str
    is_own: bool

    def is_set(self) -> Q:
        """Return whether there is a date."""
        return finds(self.name, "@ != null") if self.is_own else Q(**{f"{self.name}__isnull": False})

    def between(self, first: date | None, last: date | None, at: At) -> Q:  # noqa: ARG002  # as moments ask for it
        """Return whether it lies between these days, both included."""
        if not self.is_own:
            bounds = {f"{self.name}__gte": first, f"{self.name}__lte": last, f"{self.name}__isnull": False}
            return Q(**{name: bound for name, bound in bounds.items() if bound is not None})
        return _between(self.name, first.isoformat() if first else None, last.isoformat() if last else None, "<=")

    def last_days(self, days: int, at: At) -> Q:
        """Return whether it lies in these days back from today, today included."""
        return self.between(at.today - timedelta(days=days), at.today, at)

    def next_days(self, days: int, at: At) -> Q:
        """Return whether it lies in these days from today, today included."""
        return self.between(at.today, at.today + timedelta(days=days), at)

    def longer_ago(self, days: int, at: At) -> Q:
        """Return whether it is more than so many days ago."""
        return self.between(None, at.today - timedelta(days=days + 1), at)

    def in_year(self, days: Collection[str]) -> Q:
        """Return whether its month and day is one of these, as "03-31"."""
        if self.is_own:
            return Q(In(Right(_text_of(self.name), 5), sorted(days)))
        written = Func(F(self.name), Value("MM-DD"), function="to_char", output_field=TextField())
        return self.is_set() & Q(In(written, sorted(days)))

    def in_months(self, months: Collection[str]) -> Q:
        """Return whether its month is one of these, as "03"."""
        if self.is_own:
            return Q(In(Substr(_text_of(self.name), 6, 2), sorted(months)))
        written = Func(F(self.name), Value("MM"), function="to_char", output_field=TextField())
        return self.is_set() & Q(In(written, sorted(months)))


@dataclass(frozen=True)
class Moment:
    """A date with a time; days begin and end as in the account's time zone."""

    name: str
    is_own: bool

    def is_set(self) -> Q:
        """Return whether there is a date."""
        return finds(self.name, "@ != null") if self.is_own else Q(**{f"{self.name}__isnull": False})

    def between(self, first: date | None, last: date | None, at: At) -> Q:
        """Return whether it lies between these days, both included."""
        after_last = last + timedelta(days=1) if last else None
        return self._within(_begin(first, at), _begin(after_last, at), "<")

    def last_days(self, days: int, at: At) -> Q:
        """Return whether it lies in so many times 24 hours before now."""
        return self._within(at.now - timedelta(days=days), at.now, "<=")

    def next_days(self, days: int, at: At) -> Q:
        """Return whether it lies in so many times 24 hours from now."""
        return self._within(at.now, at.now + timedelta(days=days), "<=")

    def longer_ago(self, days: int, at: At) -> Q:
        """Return whether it is more than so many times 24 hours ago."""
        return self._within(None, at.now - timedelta(days=days), "<")

    def _within(self, first: datetime | None, last: datetime | None, sign: str) -> Q:
        if self.is_own:
            return _between(self.name, instant(first) if first else None, instant(last) if last else None, sign)
        ending = "lte" if sign == "<=" else "lt"
        bounds = {f"{self.name}__gte": first, f"{self.name}__{ending}": last, f"{self.name}__isnull": False}
        return Q(**{name: bound for name, bound in bounds.items() if bound is not None})


def _text_of(key: str) -> Coalesce:
    return Coalesce(KeyTextTransform(key, "values"), Value(""), output_field=TextField())


def _between(key: str, first: str | None, last: str | None, sign: str) -> Q:
    """Return whether a custom value lies between two others: ISO dates sort as text does."""
    tests = [f"@ >= {quote(first)}" if first else "", f"@ {sign} {quote(last)}" if last else ""]
    return finds(key, " && ".join(filter(None, tests)))


def _begin(day: date | None, at: At) -> datetime | None:
    return datetime.combine(day, time(), tzinfo=at.zone).astimezone(UTC) if day else None
