"""What each kind of field takes and how it is kept, in the ways in which people and other products write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contacts.fields import BadValue, reader, show
from contacts.fields.kinds import Kind
from emailconcert.lib.errors import ExpectedError

READ = [
    (Kind.NUMBER, "1,234.5", 1234.5),
    (Kind.NUMBER, "1.234,5", 1234.5),
    (Kind.NUMBER, "1 234", 1234),
    (Kind.NUMBER, "1.234", 1.234),
    (Kind.NUMBER, "1,234", 1234),
    (Kind.NUMBER, "1.234.567", 1234567),
    (Kind.NUMBER, "0,5", 0.5),
    (Kind.NUMBER, ".5", 0.5),
    (Kind.NUMBER, "-5", -5),
    (Kind.DATE, "2026-11-30", "2026-11-30"),
    (Kind.DATE, "30.11.2026", "2026-11-30"),
    (Kind.DATE, "11/30/2026", "2026-11-30"),
    (Kind.DATE, "03/04/2026", "2026-04-03"),
    (Kind.DATE, "3 Nov 2026", "2026-11-03"),
    (Kind.DATE, "November 3, 2026", "2026-11-03"),
    (Kind.DATE, "3. März 2026", "2026-03-03"),
    (Kind.DATE, "2026-11-30 12:00:00", "2026-11-30"),
    (Kind.DATETIME, "2026-11-30 14:00", "2026-11-30T14:00:00Z"),
    (Kind.DATETIME, "2026-11-30T14:00:00+02:00", "2026-11-30T12:00:00Z"),
    (Kind.DATETIME, "11/30/2026 2:05 pm", "2026-11-30T14:05:00Z"),
    (Kind.DATETIME, "30.11.2026", "2026-11-30T00:00:00Z"),
    (Kind.BOOLEAN, "Ja", True),
    (Kind.BOOLEAN, "FALSE", False),
    (Kind.URL, "example.com/a", "https://example.com/a"),
    (Kind.COUNTRY, "Deutschland", "DE"),
    (Kind.COUNTRY, "ie", "IE"),
    (Kind.COUNTRY, "UK", "GB"),
    (Kind.LANGUAGE, "Français", "fr"),
    (Kind.LANGUAGE, "pt_BR", "pt-br"),
    (Kind.ZONE, "america/new york", "America/New_York"),
    (Kind.PHONE, "+353 (86) 123-4567", "+353861234567"),
    (Kind.PHONE, "00353861234567", "+353861234567"),
    (Kind.NAME, "  Ada   Byron ", "Ada Byron"),
    (Kind.BIRTH, "10.12.1915", "1915-12-10"),
    (Kind.TEXT, "   ", None),
]
REFUSED = [
    (Kind.NUMBER, "1,2,3"),
    (Kind.NUMBER, "lots"),
    (Kind.NUMBER, "NaN"),
    (Kind.NUMBER, "9" * 20),
    (Kind.DATE, "2026-02-30"),
    (Kind.DATE, "May"),
    (Kind.DATETIME, "25:00"),
    (Kind.BOOLEAN, "perhaps"),
    (Kind.URL, "javascript:alert(1)"),
    (Kind.URL, "no address"),
    (Kind.COUNTRY, "Atlantis"),
    (Kind.LANGUAGE, "xx"),
    (Kind.ZONE, "Mars/Phobos"),
    (Kind.PHONE, "0861234567"),
    (Kind.BIRTH, "2999-01-01"),
    (Kind.NAME, "x" * 101),
]
BREADS = ("Rye", "Wheat", "Spelt, dark")


@pytest.mark.parametrize(("kind", "text", "kept"), READ)
def test_it_is_read(kind, text, kept):
    found = reader(kind)(text)

    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(("kind", "text"), REFUSED)
def test_it_is_refused_in_a_sentence(kind, text):
    with pytest.raises(BadValue, match=r"\.$"):
        reader(kind)(text)


def test_the_month_comes_first_where_the_file_says_so():
    assert reader(Kind.DATE, day_first=False)("03/04/2026") == "2026-03-04"


def test_a_number_without_a_code_is_read_by_the_persons_country():
    assert reader(Kind.PHONE, region="IE")("086 123 4567") == "+353861234567"


def test_choices_are_found_whatever_their_case_and_kept_in_the_fields_order():
    assert reader(Kind.CHOICE, BREADS)("wheat") == "Wheat"
    assert reader(Kind.CHOICES, BREADS)("wheat; RYE") == ["Rye", "Wheat"]
    assert reader(Kind.CHOICES, BREADS)("spelt, dark") == ["Spelt, dark"]
    with pytest.raises(BadValue, match="Rye, Wheat"):
        reader(Kind.CHOICE, BREADS)("Oat")


@given(kind=st.sampled_from(list(Kind)), text=st.text(max_size=60))
def test_whatever_is_typed_is_kept_and_read_again_the_same_or_refused(kind, text):
    read = reader(kind, BREADS)
    try:
        value = read(text)
    except ExpectedError:
        return
    assert read(show(value)) == value


@given(value=st.one_of(st.integers(-(10**15), 10**15), st.floats(-1e9, 1e9)))
def test_numbers_are_shown_so_that_they_are_read_again(value):
    read = reader(Kind.NUMBER)
    kept = read(repr(value))

    assert read(show(kept)) == pytest.approx(kept, rel=1e-12)


@given(picked=st.lists(st.sampled_from(BREADS), unique=True))
def test_several_choices_are_shown_so_that_they_are_read_again(picked):
    kept = [each for each in BREADS if each in picked]

    assert reader(Kind.CHOICES, BREADS)(show(kept)) == (kept or None)
