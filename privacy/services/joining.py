"""One person who stood under two addresses: what was said under either holds for the one that stays.

Call inside the account's scope.
"""

from collections.abc import Collection
from datetime import datetime

from emailconcert.lib import addresses
from privacy.models import Consent, Suppression
from privacy.services import consents, standing, standing_log
from privacy.services.standing import Reason
from privacy.services.standing_log import Fact


def join(*, account_id: int, stays: str, leaves: str, left_lists: Collection[int], now: datetime) -> None:
    """Let blocks of the address that leaves hold for the one that stays too, and move its consents there.

    `left_lists` are those that the person is off in the end: no consent to them stands.
    """
    kept, gone = (addresses.address_hash(each, account_id=account_id) for each in (stays, leaves))
    if block := standing.blocked(account_id=account_id, hashes=[gone]).get(gone):
        standing.suppress(account_id=account_id, address=stays, reason=Suppression.Reason(block.reason), now=now)
    Consent.objects.filter(account_id=account_id, address_hash=gone).update(address_hash=kept)
    standing_log.note([Fact(account_id, kept, standing_log.LEFT, now, list_id) for list_id in left_lists])
    for list_id in left_lists:
        consents.withdraw(account_id=account_id, address_hash=kept, list_id=list_id, now=now)
    if left_lists:  # the address that leaves must not come in again as if nothing had been said
        standing.suppress(account_id=account_id, address=leaves, reason=Reason.UNSUBSCRIBED, now=now)
