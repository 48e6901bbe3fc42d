"""The keys this process runs with, read from settings once.

Three kinds, none derived from SECRET_KEY, so that rotating that never opens or un-suppresses anything:
`encryption` (a ring; newest encrypts), `token` (a ring; newest signs, none is ever retired) and `address_hash` (one,
for ever: the suppression list is worth nothing without it).
"""

from django.conf import settings


def encryption_ring() -> dict[int, bytes]:
    """Return the key-encryption keys by number, newest first."""
    return dict(settings.ENCRYPTION_KEYS)


def token_ring() -> dict[int, bytes]:
    """Return the token-signing keys by number, newest first."""
    return dict(settings.TOKEN_KEYS)


def address_hash_key() -> bytes:
    """Return the key of the keyed address hash."""
    key: bytes = settings.ADDRESS_HASH_KEY
    return key
