"""How many people of an audience would be mailed just now, and how many are left out and why, in one statement.

Sending judges every person. To count, only those are judged whom something may keep from being mailed, which are few and
found by index; everybody else in the audience is mailed. The numbers are the same, and a test holds them to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from contacts.models import Contact
from delivery.models import Mailing, Reason
from delivery.services import judging, materialising

_COUNT = """
    WITH people(id) AS MATERIALIZED ({people}),
    candidates(id) AS (
        SELECT c.id FROM privacy_restriction r
        JOIN contacts_contact c ON c.account_id = r.account_id AND c.email_hash = r.address_hash
        WHERE r.account_id = %(account)s
        UNION
        SELECT c.id FROM privacy_suppression s
        JOIN contacts_contact c ON c.account_id = s.account_id AND c.email_hash = s.address_hash
        WHERE s.account_id = %(account)s
        UNION
        SELECT c.id FROM contacts_contact c WHERE c.account_id = %(account)s AND c.paused_until > %(now)s
        UNION
        SELECT c.id FROM contacts_contact c
        JOIN privacy_domainsuppression d ON d.account_id = c.account_id AND d.domain = split_part(c.email, '@', 2)
        WHERE c.account_id = %(account)s
          AND EXISTS (SELECT 1 FROM privacy_domainsuppression WHERE account_id = %(account)s)
        {more}
    ),
    special AS MATERIALIZED (
        SELECT c.id, {reason} AS reason
        FROM candidates k JOIN contacts_contact c ON c.account_id = %(account)s AND c.id = k.id {joins}
    ),
    excluded(id) AS MATERIALIZED ({excluded})
    SELECT NULL::bigint AS list, coalesce(nullif(s.reason, 0), {left_out}) AS reason, count(*)
    FROM people p LEFT JOIN special s ON s.id = p.id {join_excluded}
    GROUP BY 2
    UNION ALL
    SELECT b.list_id, 0, count(*) FROM contacts_subscription b
    WHERE b.account_id = %(account)s AND b.list_id = ANY(%(chosen)s::bigint[]) AND b.state = 'subscribed'
    GROUP BY b.list_id
"""
_ON_LISTS = """
    SELECT b.contact_id AS id FROM contacts_subscription b
    WHERE b.account_id = %(account)s AND b.list_id = ANY(%(chosen)s::bigint[]) AND b.state = 'subscribed' {distinct}
"""
# Whom a mailing to segments may leave out for how they stand on lists: they are off one at least.
_OFF_A_LIST = """
    UNION SELECT b.contact_id FROM contacts_subscription b
    WHERE b.account_id = %(account)s AND b.state <> 'subscribed'
"""


@dataclass(frozen=True)
class Counted:
    """How many would be mailed; how many are left out, by reason; how many are subscribed to each list, by its key."""

    people: int
    left_out: dict[str, int]
    subscribed: dict[int, int]


def count_audience(
    *,
    account_id: int,
    list_ids: Sequence[int],
    to_segments: QuerySet[Contact] | None,
    excluded: QuerySet[Contact] | None,
    now: datetime,
) -> Counted:
    """Count who is subscribed to any of the lists or, where segments were chosen, `to_segments`; in the account's scope."""
    ids = list(list_ids)
    mailing = Mailing(
        account_id=account_id,
        list_ids=ids if to_segments is None else [],
        beside_lists=None if to_segments is None else ids,
    )
    parameters: dict[str, Any] = {
        "account": account_id,
        "lists": mailing.list_ids,
        "beside": mailing.beside_lists,
        "chosen": ids,
        "now": now,
    }
    on_lists = _ON_LISTS.format(distinct="GROUP BY b.contact_id" if len(ids) > 1 else "")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('work_mem', %s, true), set_config('jit', 'off', true)", [materialising.MEMORY]
        )
        statement = _COUNT.format(
            people=on_lists if to_segments is None else materialising.ids_of(to_segments, cursor),
            more="" if to_segments is None else _OFF_A_LIST,
            reason=judging.reason(mailing),
            joins=judging.joins(mailing),
            excluded=materialising.NOBODY if excluded is None else materialising.ids_of(excluded, cursor),
            left_out="0" if excluded is None else f"CASE WHEN x.id IS NULL THEN 0 ELSE {Reason.EXCLUDED.value} END",
            join_excluded="" if excluded is None else "LEFT JOIN excluded x ON x.id = p.id",
        )
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    reasons = {reason: int(count) for of_list, reason, count in rows if of_list is None}
    return Counted(
        people=reasons.pop(0, 0),
        left_out={Reason(reason).name.lower(): count for reason, count in reasons.items()},
        subscribed={of_list: int(count) for of_list, _, count in rows if of_list is not None},
    )
