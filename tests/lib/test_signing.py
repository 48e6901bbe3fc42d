from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailconcert.lib import signing
from tests.factories import NOW


@given(st.binary(max_size=200))
def test_a_token_gives_its_payload_back(payload):
    token = signing.sign(payload, purpose="confirm")

    assert signing.unsign(token, purpose="confirm", now=NOW) == payload


def test_a_token_is_for_one_purpose():
    with pytest.raises(signing.BadToken):
        signing.unsign(signing.sign(b"7", purpose="confirm"), purpose="reset", now=NOW)


def test_a_token_runs_out():
    token = signing.sign(b"7", purpose="confirm", expires_at=NOW + timedelta(hours=1))

    assert signing.unsign(token, purpose="confirm", now=NOW + timedelta(minutes=59)) == b"7"
    with pytest.raises(signing.BadToken):
        signing.unsign(token, purpose="confirm", now=NOW + timedelta(minutes=61))


@given(st.text(max_size=80))
def test_no_other_text_is_a_token(text):
    with pytest.raises(signing.BadToken):
        signing.unsign(text, purpose="confirm", now=NOW)
    with pytest.raises(signing.BadToken):
        signing.read_message_token(text)


@given(st.integers(1, 2**48 - 1), st.integers(1, 2**31 - 1))
def test_a_message_token_gives_mailing_and_sequence(mailing, sequence):
    token = signing.message_token(mailing, sequence)

    assert (len(token), signing.read_message_token(token)) == (32, (mailing, sequence))


@given(st.integers(0, 31), st.sampled_from("ABCxyz019-_"))
def test_a_changed_message_token_is_refused(position, letter):
    token = signing.message_token(42, 7)
    if token[position] == letter:
        return
    with pytest.raises(signing.BadToken):
        signing.read_message_token(token[:position] + letter + token[position + 1 :])


def test_tokens_of_older_keys_stay_valid(settings):
    settings.TOKEN_KEYS = {1: b"1" * 32}
    old = signing.message_token(42, 7)
    settings.TOKEN_KEYS = {2: b"2" * 32, 1: b"1" * 32}

    assert signing.read_message_token(old) == (42, 7)
    assert signing.message_token(42, 7) != old
