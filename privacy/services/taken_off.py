"""Many people taken off a list by a member at once, and put back by whoever did so. Call inside the account's scope."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import connection

from privacy.models import Consent
from privacy.services import standing_log
from privacy.services.standing_log import Fact


def take_off(*, account_id: int, hashes: Collection[bytes], list_id: int, now: datetime) -> None:
    """Let the opt-outs hold after a restore, and withdraw the consents to this list."""
    if not hashes:
        return
    standing_log.note([Fact(account_id, digest, standing_log.LEFT, now, list_id) for digest in hashes])
    given = Consent.objects.filter(account_id=account_id, address_hash__in=list(hashes), list_id=list_id)
    given.filter(withdrawn_at=None).update(withdrawn_at=now)


def put_back(*, account_id: int, taken: Sequence[tuple[bytes, datetime]], list_id: int, now: datetime) -> None:
    """Take back what `take_off` did to these addresses at these moments, and nothing that was said since."""
    standing_log.note([Fact(account_id, digest, standing_log.JOINED, now, list_id) for digest, _ in taken])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE privacy_consent c SET withdrawn_at = NULL
              FROM unnest(%s::bytea[], %s::timestamptz[]) AS w (digest, at)
             WHERE c.account_id = %s AND c.list_id = %s AND c.address_hash = w.digest AND c.withdrawn_at = w.at
            """,
            [[digest for digest, _ in taken], [at for _, at in taken], account_id, list_id],
        )
