"""Which connection carries a mailing: the closest rule, else the account's default, else the platform's own servers."""

from datetime import datetime
from typing import Any

from django.db.models import Max, Sum
from django.db.models.functions import TruncDate

from delivery.models import Batch, Connection, Mailing, SendingDomain


def choose(*, domain: SendingDomain | None, kind: str) -> Connection | None:
    """Return the connection for mail of a domain, in the account's scope; None means the platform's.

    Mail without a verified domain always leaves by the platform, whose address it has.
    """
    if domain is None:
        return None
    fitting = [
        each
        for each in Connection.objects.order_by("pk")
        if each.for_domain_id in (None, domain.pk)
        and each.for_kind in ("", kind)
        and (each.for_domain_id or each.for_kind or each.is_default)
    ]
    return max(fitting, key=lambda each: (bool(each.for_domain_id), bool(each.for_kind)), default=None)


def health(connection: Connection, *, since: datetime) -> list[dict[str, Any]]:
    """Return per day what mailings begun then came to over a connection, in the account's scope; the ledger says it."""
    rows = (
        Batch.objects.filter(mailing__connection=connection, mailing__started_at__gte=since)
        .annotate(day=TruncDate("mailing__started_at"))
        .values("day")
        .annotate(sent=Sum("sent"), failed=Sum("failed"), unconfirmed=Sum("unconfirmed"))
        .order_by("day")
    )
    return [dict(row) for row in rows]


def last_trouble(connection: Connection) -> str:
    """Return why the last mailing over a connection was held, in the account's scope; empty where none was."""
    held = Mailing.objects.filter(connection=connection).exclude(held_reason="")
    newest = held.aggregate(newest=Max("pk"))["newest"]
    return held.get(pk=newest).held_reason if newest else ""
