"""Lists with how many stand on them, and how many came in each of the last weeks."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from contacts.models import List

WEEKS = 8
# One reading of the account's subscriptions for all lists and weeks.
_COUNT = """
    SELECT list_id,
           count(*) FILTER (WHERE state = 'subscribed'),
           count(*) FILTER (WHERE state = 'pending'),
           count(*) FILTER (WHERE state = 'unsubscribed'),
           {weeks}
      FROM contacts_subscription WHERE account_id = %s GROUP BY list_id
"""


@dataclass(frozen=True)
class Figures:
    """One list; `came` are the people who came in each of the last weeks, the oldest first."""

    list: List
    subscribed: int = 0
    pending: int = 0
    unsubscribed: int = 0
    came: tuple[int, ...] = (0,) * WEEKS


def figures(*, account_id: int, now: datetime) -> list[Figures]:
    """Return the account's lists by name with their figures."""
    weeks, values = [], []
    for week in range(WEEKS, 0, -1):
        weeks.append("count(*) FILTER (WHERE created_at >= %s AND created_at < %s)")
        values += [now - timedelta(weeks=week), now - timedelta(weeks=week - 1)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(weeks=", ".join(weeks)), [*values, account_id])
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    lists = List.objects.filter(account_id=account_id).order_by("name")
    return [
        Figures(each, row[0], row[1], row[2], tuple(row[3:])) if (row := found.get(each.pk)) else Figures(each)
        for each in lists
    ]
