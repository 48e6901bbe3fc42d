"""Trying a mail for everybody who would get it, before it is sent: nothing is written, nothing leaves.

People are read as sending reads them, in the order of their keys, a piece at a time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import QuerySet

from accounts.models import Account
from contacts.models import Contact
from delivery.content.problems import Problem
from delivery.content.rehearsal import Rehearsal
from delivery.models import Mailing
from delivery.services import compiling, judging
from delivery.services.compiling import About, Content

_CONTACT = ", ".join(f"c.{name}" for name in compiling.CONTACT_FIELDS)
_ROWS = """
    SELECT c.id, {reason} AS reason, {contact}, c.values::text
    FROM contacts_contact c {joins}
    WHERE c.account_id = %(account)s AND c.id = ANY(%(ids)s)
    ORDER BY c.id
"""


@dataclass(frozen=True)
class Audience:
    """To whom it would go: `people` before anybody is left out, `excluded` by choice; lists as sending is told them."""

    account_id: int
    people: QuerySet[Contact]
    excluded: QuerySet[Contact] | None
    list_ids: Sequence[int]
    to_segments: bool


@dataclass(frozen=True)
class Failure:
    """Somebody for whom it can't be filled, why, and which of the mails it is, by its place."""

    contact_id: int
    problem: Problem
    mail: int = 0


@dataclass(frozen=True)
class Piece:
    """What became of one piece: up to which key it went, for how many it was tried, for whom it failed."""

    position: int
    tried: int
    failures: tuple[Failure, ...]
    is_last: bool


def prepare(*, account: Account, contents: Sequence[Content], about: About | None = None) -> list[Rehearsal]:
    """Compile what would be sent, without keeping anything; only mails that can fail for one person come back.

    Raises `CannotCompile`.
    """
    found = []
    for content in contents:
        made = compiling.check_content(account=account, content=content)
        program = compiling.load(compiling.pack(made, account, content, about))
        body = "" if content.kind == "rich" else content.source  # rich text shows no lines
        found.append(Rehearsal(program, {"subject": content.subject, "body": body, "text": content.text}))
    return [each for each in found if each.can_fail]


def try_piece(
    *,
    rehearsals: Sequence[Rehearsal],
    audience: Audience,
    after: int,
    size: int,
    may_go_on: Callable[[], bool],
    now: datetime,
) -> Piece:
    """Try mails for the next people after a key, until `may_go_on` says no; call inside the account's scope."""
    people = audience.people.filter(pk__gt=after).order_by("pk")
    ids = list(people.values_list("pk", flat=True)[:size])
    tried, position = 0, after
    failures: list[Failure] = []
    for contact_id, values in _read(audience, ids, now):
        if tried and not may_go_on():
            return Piece(position, tried, tuple(failures), is_last=False)
        tried, position = tried + 1, contact_id
        fails = ((found, n) for n, each in enumerate(rehearsals) if (found := each.problem_for(values)))
        if failing := next(fails, None):
            failures.append(Failure(contact_id, *failing))
    return Piece(ids[-1] if ids else after, tried, tuple(failures), is_last=len(ids) < size)


def cpu_budget(seconds: float) -> Callable[[], bool]:
    """Return what tells whether this thread has spent less than so much CPU since."""
    until = time.thread_time() + seconds
    return lambda: time.thread_time() < until


def _read(audience: Audience, ids: list[int], now: datetime) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Return keys and values of those who would be mailed just now."""
    if not ids:
        return
    left_out = (
        set() if audience.excluded is None else set(audience.excluded.filter(pk__in=ids).values_list("pk", flat=True))
    )
    list_ids = list(audience.list_ids)
    mailing = Mailing(
        account_id=audience.account_id,
        list_ids=[] if audience.to_segments else list_ids,
        beside_lists=list_ids if audience.to_segments else None,
    )
    parameters: dict[str, Any] = {
        "account": audience.account_id,
        "ids": ids,
        "lists": mailing.list_ids,
        "beside": mailing.beside_lists,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _ROWS.format(reason=judging.reason(mailing), joins=judging.joins(mailing), contact=_CONTACT), parameters
        )
        rows = cursor.fetchall()
    for contact_id, reason, *standard, custom in rows:
        if not reason and contact_id not in left_out:
            own = orjson.loads(custom) if custom != "{}" else {}
            yield contact_id, {"contact": compiling.said(own, standard)}
