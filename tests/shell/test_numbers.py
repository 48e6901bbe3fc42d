from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from emailconcert.shell import numbers

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [(4210, "4,210"), (0, "0"), (None, "–"), (1234.56, "1,234.6"), (Decimal("2.00"), "2.00"), (-5, "-5")],
)
def test_format_number(value, text):
    assert numbers.format_number(value) == text


@pytest.mark.parametrize(
    ("part", "base", "text"),
    [
        (130, 4210, "3.1\u202f%"),
        (0, 4210, "0\u202f%"),
        (4210, 4210, "100\u202f%"),
        (1, 42100, "< 0.1\u202f%"),
        (42099, 42100, "> 99.9\u202f%"),
        (3, 0, "–"),
        (1, 2, "50.0\u202f%"),
    ],
)
def test_format_percent_is_all_or_none_only_when_it_is(part, base, text):
    assert numbers.format_percent(part, base) == text


@pytest.mark.parametrize(("value", "text"), [(950, "950"), (1500, "1.5k"), (20_000, "20k"), (2_500_000, "2.5M")])
def test_format_short(value, text):
    assert numbers.format_short(value) == text


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=-30), "in a moment"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=3, minutes=59), "3 hours ago"),
        (timedelta(days=-2), "in 2 days"),
        (timedelta(days=31), "29 Jan 2027"),
    ],
)
def test_format_relative(distance, text):
    assert numbers.format_relative(NOW - distance, now=NOW) == text
