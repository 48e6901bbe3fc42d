"""Whom welcome mails come from: delivery, a higher app, says which senders an account has."""

from collections.abc import Callable, Sequence

# Takes an account's id inside its scope; returns the verified senders as (id, "Name <address>").
Source = Callable[[int], Sequence[tuple[int, str]]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """Say who knows the senders."""
    if source not in _sources:
        _sources.append(source)


def choices(account_id: int) -> list[tuple[int, str]]:
    """Return the account's verified senders as (id, text)."""
    return [sender for source in _sources for sender in source(account_id)]
