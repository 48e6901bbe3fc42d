"""How many people of an audience would be mailed just now, and how many are left out and why, in one statement.

Sending judges every person. To count, only those are judged whom something may keep from being mailed, which are few and
found by index, and taken off the number of all; who is on a list is counted without looking at contacts. The numbers are
the same, and a test holds them to it.
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
    WITH {with_people} candidates(id) AS (
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
    judged(id, reason) AS MATERIALIZED (
        SELECT c.id, {reason}
        FROM candidates k JOIN contacts_contact c ON c.account_id = %(account)s AND c.id = k.id {joins} {among_people}
    ),
    excluded(id) AS ({excluded}),
    on_list(id, people) AS MATERIALIZED (
        SELECT b.list_id, count(*) FROM contacts_subscription b
        WHERE b.account_id = %(account)s AND b.list_id = ANY(%(chosen)s::bigint[]) AND b.state = 'subscribed'
        GROUP BY b.list_id
    )
    SELECT NULL::bigint AS list, 0 AS reason, ({total}) AS people
    UNION ALL
    SELECT NULL, reason, count(*) FROM judged WHERE reason <> 0 GROUP BY reason
    UNION ALL
    SELECT NULL, {left_out}, count(*) FROM excluded x
    WHERE {is_among} AND NOT EXISTS (SELECT 1 FROM judged j WHERE j.id = x.id AND j.reason <> 0)
    UNION ALL
    SELECT id, 0, people FROM on_list
"""
_IS_SUBSCRIBED = """
    EXISTS (
        SELECT 1 FROM contacts_subscription b
        WHERE b.account_id = %(account)s AND b.contact_id = x.id AND b.list_id = ANY(%(chosen)s::bigint[])
          AND b.state = 'subscribed'
    )
"""
_ON_WITHOUT = """
    SELECT b.contact_id FROM contacts_subscription b
    WHERE b.account_id = %(account)s AND b.list_id = ANY(%(without)s::bigint[]) AND b.state = 'subscribed'
"""
_ON_ONE = "SELECT coalesce(sum(people), 0)::bigint FROM on_list"
# Lists are each read in the order of their index and merged: told apart by hashes, a million people take three times as long.
_ON_ONE_OF = """
    SELECT b.contact_id FROM contacts_subscription b
    WHERE b.account_id = %(account)s AND b.list_id = (%(chosen)s::bigint[])[{number}] AND b.state = 'subscribed'
"""
_EACH_ONCE = "SELECT count(*) FROM ({each}) each_once"
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
    without_list_ids: Sequence[int] = (),
) -> Counted:
    """Count who is subscribed to any of the lists or, where segments were chosen, `to_segments`; in the account's scope.

    Left out is who is subscribed to any of `without_list_ids`, and who is `excluded`.
    """
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
        "without": list(without_list_ids),
        "now": now,
    }
    with connection.cursor() as cursor:
        # The few who are judged are looked up: what a count reads is in memory, or on a disk that has no arm to move.
        cursor.execute(
            "SELECT set_config('work_mem', %s, true), set_config('jit', 'off', true), "
            "set_config('random_page_cost', '1.1', true)",
            [materialising.MEMORY],
        )
        statement = _COUNT.format(
            **(_among_lists(ids) if to_segments is None else _among(materialising.ids_of(to_segments, cursor))),
            reason=judging.reason(mailing),
            joins=judging.joins(mailing),
            excluded=_excluded(excluded, bool(without_list_ids), cursor),
            left_out=Reason.EXCLUDED.value,
        )
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    of_all = {reason: int(count) for of_list, reason, count in rows if of_list is None and count}
    total = of_all.pop(0, 0)
    return Counted(
        people=total - sum(of_all.values()),
        left_out={Reason(reason).name.lower(): count for reason, count in of_all.items()},
        subscribed={of_list: int(count) for of_list, _, count in rows if of_list is not None},
    )


def _among_lists(list_ids: list[int]) -> dict[str, str]:
    """Return the parts of the statement for an audience that lists give."""
    return {
        "with_people": "",
        "more": "",
        "among_people": "WHERE subscribed.id IS NOT NULL",
        "is_among": _IS_SUBSCRIBED,
        "total": _on_any(len(list_ids)) if len(list_ids) > 1 else _ON_ONE,
    }


def _on_any(lists: int) -> str:
    """Return the statement that counts who is subscribed to any of so many lists."""
    each = " UNION ".join(_ON_ONE_OF.format(number=number) for number in range(1, lists + 1))
    return _EACH_ONCE.format(each=each)


def _among(people: str) -> dict[str, str]:
    """Return the parts of the statement for any other audience, which is found once."""
    return {
        "with_people": f"people(id) AS MATERIALIZED ({people}),",
        "more": _OFF_A_LIST,
        "among_people": "JOIN people p ON p.id = c.id",
        "is_among": "x.id IN (SELECT id FROM people)",
        "total": "SELECT count(*) FROM people",
    }


def _excluded(people: QuerySet[Contact] | None, has_lists: bool, cursor: Any) -> str:
    found = [materialising.ids_of(people, cursor)] if people is not None else []
    found += [_ON_WITHOUT] if has_lists else []
    return " UNION ".join(found) or materialising.NOBODY
