"""Accounts' data keys: made with the account, unwrapped when needed, destroyed when it closes."""

from functools import lru_cache

from accounts.models import Account
from emailconcert.lib import encryption


class KeyDestroyed(Exception):
    """The account was closed and its data key destroyed; what it sealed cannot be read any more."""


def data_key(account_id: int) -> encryption.DataKey:
    """Return the account's data key. Raises `KeyDestroyed`."""
    wrapped = Account.objects.values_list("wrapped_key", flat=True).get(pk=account_id)
    if wrapped is None:
        raise KeyDestroyed
    return _unwrap(bytes(wrapped), account_id)


@lru_cache(maxsize=1024)
def _unwrap(wrapped: bytes, account_id: int) -> encryption.DataKey:
    return encryption.unwrap_data_key(wrapped, account_id=account_id)


def seal_text(text: str, *, account_id: int, context: str) -> bytes:
    """Seal a text with the account's key for `context` ("table.column")."""
    return encryption.seal_text(text, context=context, key=data_key(account_id))


def seal_for(account: Account, text: str, *, context: str) -> bytes:
    """Seal a text as `seal_text` does, for an account that is at hand. Raises `KeyDestroyed`."""
    if account.wrapped_key is None:
        raise KeyDestroyed
    return encryption.seal_text(text, context=context, key=_unwrap(bytes(account.wrapped_key), account.pk))


def unseal_text(envelope: bytes, *, account_id: int, context: str) -> str:
    """Open what `seal_text` sealed. Raises `encryption.CannotDecrypt`."""
    return encryption.unseal_text(envelope, context=context, key=data_key(account_id))
