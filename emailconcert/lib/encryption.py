"""Authenticated encryption of fields: AES-256-GCM with a key id in the envelope.

Envelope: version (1 byte, 1) · key number (1 byte) · nonce (12 bytes) · ciphertext and tag. The associated data binds
the context (`"table.column"`) and the account, so a value copied to another column or account does not open.

Two kinds of keys. A *ring* key comes from the environment and wraps accounts' data keys and platform values. A *data
key* belongs to one account (key number 0 in its envelopes); destroying it makes everything sealed with it unreadable.
Source: NIST SP 800-38D (GCM, 96-bit random nonces).
"""

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from emailconcert.lib import keys

_VERSION = 1
_DATA_KEY = 0


class CannotDecrypt(Exception):
    """The value was not sealed with a key in hand, or for another context, or was changed."""


@dataclass(frozen=True)
class DataKey:
    """An account's own key, unwrapped."""

    account_id: int
    secret: bytes


def new_data_key(*, account_id: int) -> tuple[DataKey, bytes]:
    """Make a data key; return it and its wrapped form for storing."""
    secret = os.urandom(32)
    return DataKey(account_id, secret), seal(secret, context=_wrap_context(account_id))


def unwrap_data_key(wrapped: bytes, *, account_id: int) -> DataKey:
    """Open a stored data key. Raises `CannotDecrypt`."""
    return DataKey(account_id, unseal(wrapped, context=_wrap_context(account_id)))


def rewrap_data_key(wrapped: bytes, *, account_id: int) -> bytes:
    """Wrap a stored data key again, with the newest key of the ring."""
    context = _wrap_context(account_id)
    return seal(unseal(wrapped, context=context), context=context)


def seal(plaintext: bytes, *, context: str, key: DataKey | None = None) -> bytes:
    """Encrypt with the account's `key`, or with the newest ring key where there is none."""
    if key is not None:
        number, secret = _DATA_KEY, key.secret
    else:
        number, secret = next(iter(keys.encryption_ring().items()))
    nonce = os.urandom(12)
    sealed = AESGCM(secret).encrypt(nonce, plaintext, _associated_data(context, key))
    return bytes((_VERSION, number)) + nonce + sealed


def unseal(envelope: bytes, *, context: str, key: DataKey | None = None) -> bytes:
    """Decrypt what `seal` made with the same context and key. Raises `CannotDecrypt`."""
    envelope = bytes(envelope)
    if len(envelope) < 30 or envelope[0] != _VERSION:
        raise CannotDecrypt("Not an envelope of this version.")
    number = envelope[1]
    if number == _DATA_KEY:
        secret = key.secret if key else None
    else:
        secret = keys.encryption_ring().get(number) if key is None else None
    if secret is None:
        raise CannotDecrypt(f"No key {number} in hand.")
    try:
        return AESGCM(secret).decrypt(envelope[2:14], envelope[14:], _associated_data(context, key))
    except InvalidTag:
        raise CannotDecrypt("The value was changed or belongs elsewhere.") from None


def seal_text(text: str, *, context: str, key: DataKey | None = None) -> bytes:
    """Seal a str as UTF-8."""
    return seal(text.encode(), context=context, key=key)


def unseal_text(envelope: bytes, *, context: str, key: DataKey | None = None) -> str:
    """Unseal a str. Raises `CannotDecrypt`."""
    return unseal(envelope, context=context, key=key).decode()


def ring_key_number(envelope: bytes) -> int:
    """Return the number of the key that sealed it; 0 for an account's data key."""
    return bytes(envelope)[1]


def needs_rotation(envelope: bytes) -> bool:
    """Tell whether a ring key other than the newest sealed it."""
    number = ring_key_number(envelope)
    return number != _DATA_KEY and number != next(iter(keys.encryption_ring()))


def _wrap_context(account_id: int) -> str:
    return f"accounts_account.wrapped_key:{account_id}"


def _associated_data(context: str, key: DataKey | None) -> bytes:
    account = 0 if key is None else key.account_id
    return f"ec1\0{account}\0{context}".encode()
