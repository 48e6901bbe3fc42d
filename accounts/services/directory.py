"""Which account something belongs to, before any scope is known."""

from accounts.models import Account, Directory
from emailconcert.lib import addresses


def key_hash(kind: str, key: str | bytes) -> bytes:
    """Return the keyed hash under which the Directory knows a host, slug, API key or invitation."""
    data = key if isinstance(key, bytes) else key.encode()
    return addresses.keyed_hash(kind.encode() + b":" + data, purpose="directory")


def enter(*, kind: Directory.Kind, key: str | bytes, account: Account, target_id: int | None = None) -> bool:
    """Claim a key for the account; tell whether it was free (or already points at the same target)."""
    entry, made = Directory.objects.get_or_create(
        kind=kind, key_hash=key_hash(kind, key), defaults={"account": account, "target_id": target_id}
    )
    return made or (entry.account_id == account.pk and entry.target_id == target_id)


def find(*, kind: Directory.Kind, key: str | bytes) -> Directory | None:
    """Return the entry with its account, or None."""
    return Directory.objects.select_related("account").filter(kind=kind, key_hash=key_hash(kind, key)).first()


def leave(*, kind: Directory.Kind, key: str | bytes, account: Account) -> None:
    """Give a key back."""
    Directory.objects.filter(kind=kind, key_hash=key_hash(kind, key), account=account).delete()
