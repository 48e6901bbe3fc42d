"""How many people of an audience would be mailed just now, and how many are left out and why, in one statement.

Sending judges every person. To count, only those are judged whom something may keep from being mailed, which are few and
found by index, and taken off the number of all; who is on a list is counted without looking at contacts. The numbers are
the same, and a test holds them to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from contacts.models import Contact
from delivery.models import Mailing, Reason
from delivery.services import judging, materialising

_COUNT = """
    WITH {with_people} candidates(id) AS (
        {candidates}
    ),
    judged(id, reason) AS MATERIALIZED (
        SELECT c.id, {reason}
        FROM candidates k {looked_up} {joins} {among_people}
    ),
    excluded(id) AS ({excluded}),
    on_list(id, people) AS MATERIALIZED ({on_list})
    SELECT NULL::bigint AS list, 0 AS reason, ({total}) AS people
    UNION ALL
    SELECT NULL, reason, count(*) FROM judged WHERE reason <> 0 GROUP BY reason
    UNION ALL
    SELECT NULL, {left_out}, count(*) FROM excluded x
    WHERE {is_among} AND NOT EXISTS (SELECT 1 FROM judged j WHERE j.id = x.id AND j.reason <> 0)
    UNION ALL
    SELECT id, 0, people FROM on_list WHERE id IS NOT NULL AND people > 0
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
_ON_EACH = """
    SELECT b.list_id, count(*) FROM contacts_subscription b
    WHERE b.account_id = %(account)s AND b.list_id = ANY(%(chosen)s::bigint[]) AND b.state = 'subscribed'
    GROUP BY b.list_id
"""
_ON_ONE = "SELECT coalesce(sum(people), 0)::bigint FROM on_list"
# Lists are each read once, in the order of their index, and merged: people of each and of any of them are counted on the way
# (NULL stands for any). Told apart by hashes, a million people take three times as long.
_ON_ANY = """
    SELECT t.id, t.people FROM (SELECT {sums} FROM ({slices}) slices) s, LATERAL (VALUES {lists}) t(id, people)
"""
_SLICE = "SELECT count(*) AS n0, {counts} FROM {joined}"
_IN_SLICE = """
    (
        SELECT b.contact_id AS id, b.contact_id AS l{number} FROM contacts_subscription b
        WHERE b.account_id = %(account)s AND b.list_id = (%(chosen)s::bigint[])[{number}] AND b.state = 'subscribed'
          {bounds}
    ) on{number}
"""
# Between which contacts the lists lie, so that PostgreSQL's workers can take a slice each.
_SPAN = """
    SELECT min(first), max(last) FROM unnest(%(chosen)s::bigint[]) l(id), LATERAL (
        SELECT min(b.contact_id) AS first, max(b.contact_id) AS last FROM contacts_subscription b
        WHERE b.account_id = %(account)s AND b.list_id = l.id
    ) ends
"""
_SETTINGS = """
    SELECT set_config('work_mem', %(memory)s, true), set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true),
        set_config('enable_nestloop', 'off', true), span.* FROM ({span}) span
"""
_SLICES, _SLICED_FROM = 8, 100_000


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
        cuts = _prepare(cursor, parameters, is_sliced=to_segments is None and len(ids) > 1)
        statement = _COUNT.format(
            **(_among_lists(ids, cuts) if to_segments is None else _among(materialising.ids_of(to_segments, cursor))),
            reason=judging.reason(mailing),
            looked_up=judging.LOOKED_UP,
            joins=judging.joins(mailing),
            excluded=_excluded(excluded, bool(without_list_ids), cursor),
            left_out=Reason.EXCLUDED.value,
        )
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
        cursor.execute(materialising.LOOPS_AGAIN)
    of_all = {reason: int(count) for of_list, reason, count in rows if of_list is None and count}
    total = of_all.pop(0, 0)
    return Counted(
        people=total - sum(of_all.values()),
        left_out={Reason(reason).name.lower(): count for reason, count in of_all.items()},
        subscribed={of_list: int(count) for of_list, _, count in rows if of_list is not None},
    )


def _prepare(cursor: Any, parameters: dict[str, Any], *, is_sliced: bool) -> list[int]:
    """Set what the count needs until the transaction ends, and return where lists that are merged are cut into slices."""
    # The few who are judged are looked up: what a count reads is in memory, or on a disk that has no arm to move. What is
    # joined is hashed, as `materialising` tells.
    cursor.execute(
        _SETTINGS.format(span=_SPAN if is_sliced else "SELECT NULL, NULL"),
        parameters | {"memory": materialising.MEMORY},
    )
    first, last = cursor.fetchone()[-2:]
    if first is None or last - first < _SLICED_FROM:
        return []
    return [first + (last - first) * number // _SLICES for number in range(1, _SLICES)]


def _among_lists(list_ids: list[int], cuts: list[int]) -> dict[str, str]:
    """Return the parts of the statement for an audience that lists give."""
    several = len(list_ids) > 1
    return {
        "with_people": "",
        "candidates": judging.MARKED,
        "among_people": "WHERE subscribed.id IS NOT NULL",
        "is_among": _IS_SUBSCRIBED,
        "on_list": _on_any(len(list_ids), cuts) if several else _ON_EACH,
        "total": "SELECT people FROM on_list WHERE id IS NULL" if several else _ON_ONE,
    }


def _on_any(lists: int, cuts: list[int]) -> str:
    """Return the statement that counts who is subscribed to each of so many lists, and to any."""
    numbers = range(1, lists + 1)
    slices = []
    for low, high in pairwise([None, *cuts, None]):
        bounds = f"AND b.contact_id >= {low} " if low is not None else ""
        bounds += f"AND b.contact_id < {high}" if high is not None else ""
        each = [_IN_SLICE.format(number=number, bounds=bounds) for number in numbers]
        joined = " FULL JOIN ".join([each[0], *(f"{one} USING (id)" for one in each[1:])])
        slices.append(_SLICE.format(counts=", ".join(f"count(l{n}) AS n{n}" for n in numbers), joined=joined))
    return _ON_ANY.format(
        sums=", ".join(f"sum(n{n})::bigint AS n{n}" for n in (0, *numbers)),
        slices=" UNION ALL ".join(slices),
        lists=", ".join(["(NULL::bigint, n0)", *(f"((%(chosen)s::bigint[])[{n}], n{n})" for n in numbers)]),
    )


def _among(people: str) -> dict[str, str]:
    """Return the parts of the statement for any other audience, which is found once."""
    return {
        "with_people": f"people(id) AS MATERIALIZED ({people}),",
        "candidates": f"{judging.MARKED} UNION {judging.OFF_A_LIST}",
        "among_people": "JOIN people p ON p.id = c.id",
        "is_among": "x.id IN (SELECT id FROM people)",
        "on_list": _ON_EACH,
        "total": "SELECT count(*) FROM people",
    }


def _excluded(people: QuerySet[Contact] | None, has_lists: bool, cursor: Any) -> str:
    found = [materialising.ids_of(people, cursor)] if people is not None else []
    found += [_ON_WITHOUT] if has_lists else []
    return " UNION ".join(found) or materialising.NOBODY
