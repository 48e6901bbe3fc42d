import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailconcert.lib import addresses


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Ann.Lee@Example.COM ", "ann.lee@example.com"),
        ("ann+news@example.com", "ann+news@example.com"),
        ("zoë@Bücher.example", "zoë@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("zoe\u0308@example.com", "zoë@example.com"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk"),
    ],
)
def test_one_spelling_is_stored(typed, stored):
    assert addresses.normalise(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@example",
        "ann@@example.com",
        "ann lee@example.com",
        "ann@exa mple.com",
        ".ann@example.com",
        "ann..lee@example.com",
        "ann@-example.com",
        "ann@example.com\nBcc: x@example.com",
        "ann@localhost.localhost",
        "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com",
        "x" * 5000,
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(typed):
    with pytest.raises(addresses.BadAddress) as caught:
        addresses.normalise(typed)

    assert len(str(caught.value)) > 10


@given(st.text(max_size=60))
def test_any_text_is_normalised_once_or_refused(text):
    try:
        stored = addresses.normalise(text)
    except addresses.BadAddress:
        return
    assert addresses.normalise(stored) == stored
    assert addresses.domain_of(stored).isascii()


def test_hashes_differ_between_accounts_and_keys(settings):
    first = addresses.address_hash("ann@example.com", account_id=1)

    assert first == addresses.address_hash("ann@example.com", account_id=1)
    assert first != addresses.address_hash("ann@example.com", account_id=2)
    settings.ADDRESS_HASH_KEY = b"x" * 32
    assert first != addresses.address_hash("ann@example.com", account_id=1)


def test_people_are_shown_the_script_they_write():
    assert addresses.for_display("zoë@xn--bcher-kva.example") == "zoë@bücher.example"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (" Ann@Bücher.example ", "ann@xn--bcher-kva.example"),
        ("ANN@example.org", "ann@example.org"),
        ("No address", "no address"),
        ("", ""),
        ("ann\ud800@example.org", "ann\ud800@example.org"),
    ],
)
def test_address_is_looked_up_in_its_stored_spelling_and_nothing_is_refused(typed, found):
    assert addresses.as_looked_up(typed) == found
