import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailconcert.lib import encryption

KEY = encryption.DataKey(7, b"k" * 32)
OTHER = encryption.DataKey(8, b"k" * 32)


@given(st.binary(max_size=500), st.text(min_size=1, max_size=30))
def test_what_is_sealed_opens_again(plaintext, context):
    sealed = encryption.seal(plaintext, context=context, key=KEY)

    assert encryption.unseal(sealed, context=context, key=KEY) == plaintext
    assert len(plaintext) < 8 or plaintext not in sealed


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_envelope_does_not_open(position, change):
    sealed = bytearray(encryption.seal(b"a secret", context="t.c", key=KEY))
    sealed[position % len(sealed)] ^= change

    with pytest.raises(encryption.CannotDecrypt):
        encryption.unseal(bytes(sealed), context="t.c", key=KEY)


@pytest.mark.parametrize(("context", "key"), [("t.other", KEY), ("t.c", OTHER), ("t.c", None)])
def test_a_value_copied_elsewhere_does_not_open(context, key):
    sealed = encryption.seal(b"a secret", context="t.c", key=KEY)

    with pytest.raises(encryption.CannotDecrypt):
        encryption.unseal(sealed, context=context, key=key)


def test_old_keys_open_and_the_newest_seals(settings):
    settings.ENCRYPTION_KEYS = {1: b"1" * 32}
    old = encryption.seal(b"a secret", context="t.c")
    settings.ENCRYPTION_KEYS = {2: b"2" * 32, 1: b"1" * 32}

    new = encryption.seal(b"a secret", context="t.c")

    assert encryption.unseal(old, context="t.c") == b"a secret"
    assert (encryption.ring_key_number(new), encryption.needs_rotation(new)) == (2, False)
    assert encryption.needs_rotation(old)


def test_a_dropped_key_does_not_open(settings):
    settings.ENCRYPTION_KEYS = {1: b"1" * 32}
    old = encryption.seal(b"a secret", context="t.c")
    settings.ENCRYPTION_KEYS = {2: b"2" * 32}

    with pytest.raises(encryption.CannotDecrypt, match="No key 1"):
        encryption.unseal(old, context="t.c")


def test_data_keys_are_wrapped_for_their_account():
    key, wrapped = encryption.new_data_key(account_id=7)

    assert encryption.unwrap_data_key(wrapped, account_id=7) == key
    assert encryption.unwrap_data_key(encryption.rewrap_data_key(wrapped, account_id=7), account_id=7) == key
    with pytest.raises(encryption.CannotDecrypt):
        encryption.unwrap_data_key(wrapped, account_id=8)


def test_the_same_text_is_sealed_differently_each_time():
    assert encryption.seal(b"x", context="t.c") != encryption.seal(b"x", context="t.c")


@pytest.mark.parametrize(
    "envelope", [b"", b"\x01", os.urandom(29), b"\x02" + os.urandom(60)], ids=["empty", "version", "short", "long"]
)
def test_garbage_is_refused(envelope):
    with pytest.raises(encryption.CannotDecrypt):
        encryption.unseal(envelope, context="t.c")
