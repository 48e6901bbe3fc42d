"""The operators of each type of value."""

from calendar import isleap, month_name
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db.models import Q

from contacts.conditions.columns import Day, Moment, Text, finds, quote
from contacts.conditions.registry import At, BadSegment, Input, Operator, Value, Values, split_codes

TEXT = Input("value", "Text")
FIRST = Input("from", "First number", "number")
LAST = Input("to", "Last number", "number", before="and")
NUMBER = Input("value", "Number", "number")
DATE = Input("value", "Date", "date")
DAYS = Input("days", "Number of days", "days", after="days")


def simple(name: str, label: str, found: Q) -> Operator:
    """Return an operator that takes no value."""
    return Operator(name, label, lambda _values, _at: found)


def of_text(column: Text) -> tuple[Operator, ...]:
    """Return what can be asked of a text; capitals do not matter."""

    def ask(lookup: str, *, no: bool = False) -> Callable[[Values, At], Q]:
        def compile_it(values: Values, _at: At) -> Q:
            found = column.ask(lookup, values["value"])
            return ~found if no else found

        return compile_it

    return (
        Operator("is", "is", ask("iexact"), (TEXT,)),
        Operator("is_not", "is not", ask("iexact", no=True), (TEXT,)),
        Operator("contains", "contains", ask("icontains"), (TEXT,)),
        Operator("contains_not", "does not contain", ask("icontains", no=True), (TEXT,)),
        Operator("begins", "begins with", ask("istartswith"), (TEXT,)),
        Operator("ends", "ends with", ask("iendswith"), (TEXT,)),
        simple("set", "has a value", ~column.ask("exact", "")),
        simple("empty", "is empty", column.ask("exact", "")),
    )


def of_codes(
    column: Text,
    read: Callable[[str], object],
    *,
    label: str,
    known: Callable[[], Sequence[tuple[str, str]]],
    families: bool = False,
) -> tuple[Operator, ...]:
    """Return what can be asked of a code, such as a country; `families`: "de" is "de-at" as well."""

    def read_all(text: str) -> Value:
        codes = [str(read(part)) for part in split_codes(text)]
        if not codes:
            raise BadSegment("Write at least one.")
        return codes

    def any_of(values: Values, _at: At) -> Q:
        codes = cast("list[str]", values["codes"])
        found = column.ask("in", codes)
        for code in codes if families else ():
            found |= Q(**{f"{column.name}__startswith": f"{code}-"})
        return found

    taken = (Input("codes", label, "codes", choices=lambda _account_id: known(), read=read_all),)
    return (
        Operator("any_of", "is any of", any_of, taken),
        Operator("none_of", "is none of", lambda values, at: ~any_of(values, at), taken),
        simple("set", "has a value", ~column.ask("exact", "")),
        simple("empty", "is empty", column.ask("exact", "")),
    )


def of_number(key: str) -> tuple[Operator, ...]:
    """Return what can be asked of a custom number."""

    def compare(sign: str) -> Callable[[Values, At], Q]:
        return lambda values, _at: finds(key, f"@ {sign} {_plain(values['value'])}")

    def between(values: Values, _at: At) -> Q:
        return finds(key, f"@ >= {_plain(values['from'])} && @ <= {_plain(values['to'])}")

    there = finds(key, "@ != null")
    return (
        Operator("eq", "is", compare("=="), (NUMBER,)),
        Operator("ne", "is not", lambda values, at: ~compare("==")(values, at), (NUMBER,)),
        Operator("lt", "is less than", compare("<"), (NUMBER,)),
        Operator("le", "is at most", compare("<="), (NUMBER,)),
        Operator("gt", "is more than", compare(">"), (NUMBER,)),
        Operator("ge", "is at least", compare(">="), (NUMBER,)),
        Operator("between", "is between", between, (FIRST, LAST)),
        simple("set", "has a value", there),
        simple("empty", "is empty", ~there),
    )


def of_yes_no(key: str) -> tuple[Operator, ...]:
    """Return what can be asked of a custom yes or no."""
    there = finds(key, "@ != null")
    return (
        simple("yes", "is yes", finds(key, "@ == true")),
        simple("no", "is no", finds(key, "@ == false")),
        simple("set", "has a value", there),
        simple("empty", "is empty", ~there),
    )


def of_choices(key: str, choices: Sequence[str], *, several: bool) -> tuple[Operator, ...]:
    """Return what can be asked of a custom choice, or of `several`."""

    def test(picked: Sequence[str]) -> Q:
        return finds(key, " || ".join(f"@ == {quote(each)}" for each in picked))

    def any_of(values: Values, _at: At) -> Q:
        return test(cast("list[str]", values["choices"]))

    def all_of(values: Values, _at: At) -> Q:
        found = Q()
        for each in cast("list[str]", values["choices"]):
            found &= test([each])
        return found

    pairs = tuple((each, each) for each in choices)
    taken = (Input("choices", "Choices", "choices", choices=lambda _account: pairs),)
    there = finds(key, "@ != null")
    more = (Operator("all_of", "has all of", all_of, taken),) if several else ()
    return (
        Operator("any_of", "has any of" if several else "is any of", any_of, taken),
        *more,
        Operator("none_of", "has none of" if several else "is none of", lambda v, at: ~any_of(v, at), taken),
        simple("set", "has a value", there),
        simple("empty", "is empty", ~there),
    )


def of_day(column: Day) -> tuple[Operator, ...]:
    """Return what can be asked of a date, its anniversary included."""

    def comes_round(values: Values, at: At) -> Q:
        return column.in_year(anniversaries(at.today, _days(values)))

    def month(values: Values, _at: At) -> Q:
        return column.in_months(cast("list[str]", values["months"]))

    return (
        Operator("anniversary", "has its anniversary within", comes_round, (DAYS,)),
        Operator("month", "is in the month", month, (Input("months", "Months", "choices", choices=_months),)),
        *_ranges(column),
        Operator("next", "is within the next", lambda v, at: column.next_days(_days(v), at), (DAYS,)),
        simple("set", "has a value", column.is_set()),
        simple("empty", "is empty", ~column.is_set()),
    )


def of_moment(column: Moment, *, always: bool = False) -> tuple[Operator, ...]:
    """Return what can be asked of a date with a time; `always`: there is one, and it is past."""
    if always:
        return _ranges(column)
    return (
        *_ranges(column),
        Operator("next", "is within the next", lambda v, at: column.next_days(_days(v), at), (DAYS,)),
        simple("set", "has a value", column.is_set()),
        simple("empty", "is empty", ~column.is_set()),
    )


def _ranges(column: Day | Moment) -> tuple[Operator, ...]:
    day = timedelta(days=1)
    return (
        Operator("last", "is within the last", lambda v, at: column.last_days(_days(v), at), (DAYS,)),
        Operator("longer", "is longer ago than", lambda v, at: column.longer_ago(_days(v), at), (DAYS,)),
        Operator("on", "is on", lambda v, at: column.between(_date(v), _date(v), at), (DATE,)),
        Operator("before", "is before", lambda v, at: column.between(None, _date(v) - day, at), (DATE,)),
        Operator("after", "is after", lambda v, at: column.between(_date(v) + day, None, at), (DATE,)),
    )


def anniversaries(today: date, days: int) -> set[str]:
    """Return the days of the year from today on, as "03-31". Who was born on 29 February is counted on the 28th, too.

    In a leap year both days are there anyway; in others the 28th is the day that is kept.
    """
    coming = [today + timedelta(days=number) for number in range(min(days, 366) + 1)]
    found = {f"{each:%m-%d}" for each in coming}
    if any((each.month, each.day) == (2, 28) and not isleap(each.year) for each in coming):
        found.add("02-29")
    return found


def _months(_account_id: int) -> Sequence[tuple[str, str]]:
    return [(f"{number:02}", month_name[number]) for number in range(1, 13)]


def _days(values: Values) -> int:
    return int(cast("Any", values["days"]))


def _date(values: Values) -> date:
    found = cast("date", values["value"])
    if not date(1000, 1, 1) <= found <= date(9000, 1, 1):
        raise BadSegment("Write a year between 1000 and 9000.")
    return found


def _plain(value: Value) -> str:
    return f"{cast('Decimal', value):f}"
