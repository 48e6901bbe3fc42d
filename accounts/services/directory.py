"""Which account something belongs to, before any scope is known."""

from accounts.models import Account, Directory
from emailconcert.lib import addresses


def key_hash(kind: str, key: str | bytes) -> bytes:
    """Return the keyed hash under which the Directory knows a host, slug, API key or invitation."""
    data = key if isinstance(key, bytes) else key.encode()
    return addresses.keyed_hash(kind.encode() + b":" + data, purpose="directory")


def enter(*, kind: Directory.Kind, key: str | bytes, account: Account, target_id: int | None = None) -> bool:
    """Claim a key for the account; tell whether it was free, kept for it, or already points at the same target."""
    entry, made = Directory.objects.get_or_create(
        kind=kind, key_hash=key_hash(kind, key), defaults={"account": account, "target_id": target_id}
    )
    if made or (entry.account_id, entry.target_id) == (account.pk, target_id):
        return True
    kept = Directory.objects.filter(pk=entry.pk, account=account, target_id=None)
    return bool(kept.update(target_id=target_id))


def find(*, kind: Directory.Kind, key: str | bytes) -> Directory | None:
    """Return the entry with its account, or None."""
    return Directory.objects.select_related("account").filter(kind=kind, key_hash=key_hash(kind, key)).first()


def keep(*, kind: Directory.Kind, key: str | bytes, account: Account) -> None:
    """Let a key lead nowhere, and to nobody else: the account's own site may still send people there."""
    Directory.objects.filter(kind=kind, key_hash=key_hash(kind, key), account=account).update(target_id=None)
