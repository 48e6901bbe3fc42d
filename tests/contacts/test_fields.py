"""What fields read is what they show and read again, whatever people type."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.fields import BadValue, Field, read, show
from contacts.fields.kinds import Kind
from emailconcert.lib.addresses import BadAddress

CHOICES = ("Red", "Green, light", "Été", "No")


def field(kind):
    return Field("field:x", "X", kind, choices=CHOICES)


def again(kind, value):
    return read(field(kind), show(value))


words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), max_size=80)


@given(words)
def test_text_is_read_back(text):
    value = read(field(Kind.TEXT), text)

    assert value is None or again(Kind.TEXT, value) == value


@given(st.text(max_size=200))
def test_long_text_is_read_back(text):
    value = read(field(Kind.LONG_TEXT), text)

    assert value is None or again(Kind.LONG_TEXT, value) == value


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_are_read_back_in_every_dialect(number):
    assert again(Kind.NUMBER, number) == number
    assert read(field(Kind.NUMBER), f"{number:,}".replace(",", " ")) == number
    if abs(number) >= 10**6:  # a single group could be the end of a decimal
        assert read(field(Kind.NUMBER), f"{number:,}") == number
        assert read(field(Kind.NUMBER), f"{number:,}".replace(",", ".")) == number


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_numbers_are_read_back(number):
    value = read(field(Kind.NUMBER), repr(number))

    assert value == number
    assert again(Kind.NUMBER, value) == value


@given(st.dates(min_value=date(1000, 1, 1)))
def test_dates_are_read_back_and_in_the_shapes_of_other_products(day):
    assert again(Kind.DATE, day.isoformat()) == day.isoformat()
    for shape in ("%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d/%m/%Y", "%d %B %Y", "%B %d, %Y"):
        assert read(field(Kind.DATE), day.strftime(shape)) == day.isoformat()


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9000, 1, 1), timezones=st.just(UTC)))
def test_moments_are_read_back_to_the_second(moment):
    value = read(field(Kind.DATETIME), moment.isoformat())

    assert value == moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    assert again(Kind.DATETIME, value) == value


@given(st.booleans())
def test_yes_and_no_are_read_back(value):
    assert again(Kind.BOOLEAN, value) is value


@given(st.sampled_from(CHOICES), st.booleans())
def test_a_choice_is_read_back_in_whatever_case(choice, shout):
    assert read(field(Kind.CHOICE), choice.upper() if shout else choice) == choice
    assert again(Kind.CHOICE, choice) == choice


@given(st.sets(st.sampled_from(CHOICES), min_size=1))
def test_several_choices_are_read_back_in_the_fields_order(picked):
    value = [each for each in CHOICES if each in picked]

    assert read(field(Kind.CHOICES), "\n".join(picked)) == value
    assert again(Kind.CHOICES, value) == value


@given(st.sampled_from(list(Kind)), st.text(max_size=60))
def test_anything_is_read_or_refused_in_a_sentence_and_what_was_read_is_read_again(kind, text):
    value, refusal = attempt(kind, text)

    assert refusal == "" or refusal.endswith(".")
    assert value is None or again(kind, value) == value


def attempt(kind, text):
    try:
        return read(field(kind), text), ""
    except (BadValue, BadAddress) as error:
        return None, str(error)


@pytest.mark.parametrize("kind", list(Kind))
def test_nothing_is_no_value(kind):
    assert [read(field(kind), text) for text in ("", "  ", "\0", "\n\t")] == [None] * 4
