"""Test mails: a few letters of a mailing of kind TEST over one connection, beside the ledger and never counted."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from delivery.models import Mailing
from delivery.services import sending
from delivery.wire.feed import Feed, Key
from delivery.wire.sending import Crew
from emailconcert.lib import signing
from emailconcert.lib.tenancy import account_scope


class NotSent(Exception):
    """No letter was accepted; the outbox tries again."""


class _Count:
    """Hooks that count what the server accepted."""

    def __init__(self) -> None:
        self.accepted = 0

    def may_write(self) -> bool:
        """Let every body begin."""
        return True

    def on_intent(self, key: Key) -> None:
        """Keep no journal: a test mail may be sent again."""

    def on_outcome(self, key: Key, code: int, text: str) -> None:  # noqa: ARG002  # what every hook is told
        """Count what was accepted."""
        self.accepted += 200 <= code < 300

    def on_lost(self, key: Key) -> None:
        """Leave it: whether it arrived is seen in the inbox."""

    def on_returned(self, key: Key, code: int, text: str) -> None:
        """Leave it: the outbox tries again when nothing was accepted."""


def send_test(*, account_id: int, mailing_id: int, to: Sequence[str], values: Mapping[str, Any], now: datetime) -> int:
    """Send a mailing of kind TEST to each address, filled with the same values; return how many were accepted.

    Raises `NotSent` where none was, and what filling raises. Call outside any transaction.
    """
    outfit = sending.prepare(account_id=account_id, mailing_id=mailing_id)
    feed, count = Feed(), _Count()
    for sequence, address in enumerate(to, start=1):
        token = signing.message_token(mailing_id, sequence)
        letter = outfit.skeleton.fill(recipient=address, values=dict(values), token=token)
        feed.put([((0, sequence), letter)])
    feed.close()
    asyncio.run(Crew(outfit.server, feed, count, connections=1).run())
    with account_scope(account_id):
        Mailing.objects.filter(pk=mailing_id).update(state=Mailing.State.DONE, started_at=now, finished_at=now)
    if not count.accepted:
        raise NotSent
    return count.accepted
