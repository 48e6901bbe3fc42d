"""From an audience to message rows: one statement inserts them and counts who was left out, and why.

Only those are judged whom something may keep from being mailed, who are few; everybody else is not even read.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Sum

from accounts.models import Account
from contacts.models import Contact
from delivery.models import Batch, Mailing, Reason
from delivery.services import judging
from delivery.services.pacing import AT_ONCE, Pace, due_by_zone, piece_size
from emailconcert.lib.errors import ExpectedError
from emailconcert.lib.tenancy import account_scope

QUOTA_WINDOW = timedelta(days=30)


class CannotStart(ExpectedError):
    """The mailing can't be started."""


class NobodyLeft(CannotStart):
    """Everybody in the audience is left out, or nobody is in it."""

    def __init__(self) -> None:
        super().__init__("Nobody would receive this: everybody in the audience is left out.")


@dataclass(frozen=True)
class Statement:
    """A part of a statement, with the parameters that only it has."""

    text: str
    parameters: dict[str, Any] = field(default_factory=dict)


_JUDGED = """
    WITH people AS MATERIALIZED (SELECT id, count(*) AS times FROM ({audience}) audience(id) GROUP BY id),
    excluded AS MATERIALIZED (SELECT id FROM ({excluded}) excluded(id)),
    candidates(id) AS ({candidates}),
    barred AS MATERIALIZED (
        SELECT c.id, {reason} AS reason
        FROM candidates k JOIN people p ON p.id = k.id {looked_up} {joins}
    ),
    judged AS MATERIALIZED (
        SELECT p.id, COALESCE(NULLIF(b.reason, 0), CASE WHEN x.id IS NULL THEN 0 ELSE {left_out} END) AS reason
        FROM people p LEFT JOIN barred b ON b.id = p.id LEFT JOIN excluded x ON x.id = p.id
    )
"""
NOBODY = "SELECT NULL::bigint WHERE false"
MEMORY = "64MB"
LOOPS_AGAIN = "SELECT set_config('enable_nestloop', 'on', true)"
_INSERT = """
    , added AS (
        INSERT INTO delivery_message (account_id, mailing_id, sequence, contact_id)
        SELECT %(account)s, %(mailing)s, row_number() OVER (ORDER BY id), id FROM judged WHERE reason = 0
    )
"""
_COUNT = """
    SELECT reason, count(*) FROM judged GROUP BY reason
    UNION ALL SELECT {duplicate}, sum(times - 1) FROM people HAVING sum(times - 1) > 0
"""
_BATCHES = """
    INSERT INTO delivery_batch (account_id, mailing_id, number, first, last, not_before)
    SELECT %(account)s, %(mailing)s, n, (n - 1) * %(size)s + 1, least(n * %(size)s, %(audience)s),
           coalesce(%(start)s::timestamptz, now()) + %(spread)s::interval * ((n - 1)::float8 / pieces)
    FROM (SELECT (%(audience)s + %(size)s - 1) / %(size)s) counted(pieces), generate_series(1, pieces) n
"""
# By each person's own clock: numbered in the order in which they are due, and no batch across two times.
_INSERT_LOCAL = """
    , timed AS (
        SELECT j.id, coalesce(z.due, %(others_due)s) AS due
        FROM judged j
        JOIN contacts_contact c ON c.account_id = %(account)s AND c.id = j.id
        LEFT JOIN unnest(%(zones)s::text[], %(dues)s::timestamptz[]) z(zone, due) ON z.zone = c.time_zone
        WHERE j.reason = 0
    ), numbered AS (
        SELECT id, due, row_number() OVER (ORDER BY due, id) AS sequence,
               (row_number() OVER (PARTITION BY due ORDER BY id) - 1) / %(size)s AS piece
        FROM timed
    ), added AS (
        INSERT INTO delivery_message (account_id, mailing_id, sequence, contact_id)
        SELECT %(account)s, %(mailing)s, sequence, id FROM numbered
    ), batches AS (
        INSERT INTO delivery_batch (account_id, mailing_id, number, first, last, not_before)
        SELECT %(account)s, %(mailing)s, row_number() OVER (ORDER BY min(sequence)), min(sequence), max(sequence), due
        FROM numbered GROUP BY due, piece
    )
"""


def materialise(
    *,
    mailing: Mailing,
    audience: QuerySet[Contact],
    start_at: datetime | None,
    now: datetime,
    excluded: QuerySet[Contact] | None = None,
    pace: Pace = AT_ONCE,
) -> Mailing:
    """Make a compiled mailing's messages and batches and let it be sent, from `start_at` on, at a pace.

    `audience` says to whom, before exclusions; it may name a contact more than once. Who is in `excluded` is left out and
    counted with the others who are. Raises `CannotStart` where the
    mailing was started before, the account may not send, or nobody is left. Call inside the account's scope.
    """
    with account_scope(mailing.account_id):
        account = Account.objects.get(pk=mailing.account_id)
        if account.status != Account.Status.ACTIVE:
            raise CannotStart("This account may not send at the moment.")
        with connection.cursor() as cursor:
            cursor.execute("SELECT delivery_make_partition(%s)", [mailing.pk])
        moved = Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.COMPILED).update(
            state=Mailing.State.SENDING, start_at=start_at, started_at=now, is_timed=pace.is_timed
        )
        if not moved:
            raise CannotStart("This mailing was started already.")
        start = start_at or now
        counts = _run(mailing, audience, excluded, insert=_inserting(mailing, pace, start), now=now)
        reached = counts.pop("", 0)
        if not reached:
            raise NobodyLeft
        _check_quota(account, reached, now)
        Mailing.objects.filter(pk=mailing.pk).update(audience=reached, excluded=counts)
        if not pace.local:
            _make_batches(mailing, reached, pace, start)
        mailing.refresh_from_db()
    return mailing


def count_audience(
    *,
    account_id: int,
    audience: QuerySet[Contact],
    list_ids: list[int],
    now: datetime,
    to_segments: bool = False,
    excluded: QuerySet[Contact] | None = None,
) -> tuple[int, dict[str, int]]:
    """Return how many would be mailed, and how many are left out by reason, without making anything."""
    mailing = Mailing(
        account_id=account_id,
        list_ids=[] if to_segments else list_ids,
        beside_lists=list_ids if to_segments else None,
    )
    with account_scope(account_id):
        counts = _run(mailing, audience, excluded, insert=Statement(""), now=now)
    return counts.pop("", 0), counts


def _inserting(mailing: Mailing, pace: Pace, start: datetime) -> Statement:
    """Return what makes the rows of those who are not left out."""
    if not pace.local:
        return Statement(_INSERT)
    contacts = Contact.objects.filter(account_id=mailing.account_id)
    zones = list(contacts.exclude(time_zone="").order_by().values_list("time_zone", flat=True).distinct())
    due, others_due = due_by_zone(pace.local, zones, start=start)
    parameters = {"zones": list(due), "dues": list(due.values()), "others_due": others_due}
    return Statement(_INSERT_LOCAL, {**parameters, "size": piece_size(pace, 0)})


def _run(
    mailing: Mailing,
    audience: QuerySet[Contact],
    excluded: QuerySet[Contact] | None,
    *,
    insert: Statement,
    now: datetime,
) -> dict[str, int]:
    parameters: dict[str, Any] = {
        "account": mailing.account_id,
        "mailing": mailing.pk,
        "lists": mailing.list_ids,
        "beside": mailing.beside_lists,
        "now": now,
        **insert.parameters,
    }
    with connection.cursor() as cursor:
        # So that sets are hashed, as those of a million must be, and never gone over for each other's rows, whatever the
        # planner takes a list for that was imported a moment ago.
        cursor.execute("SELECT set_config('work_mem', %s, true), set_config('enable_nestloop', 'off', true)", [MEMORY])
        statement = (
            _JUDGED.format(
                audience=ids_of(audience, cursor),
                excluded=NOBODY if excluded is None else ids_of(excluded, cursor),
                candidates=judging.candidates(mailing),
                looked_up=judging.LOOKED_UP,
                reason=judging.reason(mailing),
                joins=judging.joins(mailing),
                left_out=Reason.EXCLUDED.value,
            )
            + insert.text
            + _COUNT.format(duplicate=Reason.DUPLICATE.value)
        )
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
        cursor.execute(LOOPS_AGAIN)
        return {Reason(reason).name.lower() if reason else "": int(count) for reason, count in found}


def ids_of(people: QuerySet[Contact], cursor: Any) -> str:
    """Return the statement that finds their keys, to stand in another one."""
    try:
        sql, params = people.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return NOBODY
    found: str = cursor.mogrify(sql, params) if params else sql.replace("%%", "%")
    return found.replace("%", "%%")


def _make_batches(mailing: Mailing, audience: int, pace: Pace, start: datetime) -> None:
    parameters: dict[str, Any] = {
        "account": mailing.account_id,
        "mailing": mailing.pk,
        "size": piece_size(pace, audience),
        "audience": audience,
        "start": start if pace.is_timed else None,
        "spread": pace.spread,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BATCHES, parameters)


def sent_in_window(*, now: datetime) -> int:
    """Return how many messages the account in scope has sent, or is sending, in the last 30 days."""
    recent = Mailing.objects.filter(started_at__gt=now - QUOTA_WINDOW).exclude(kind=Mailing.Kind.TEST)
    audience = recent.aggregate(total=Sum("audience"))["total"] or 0
    skipped = Batch.objects.filter(mailing__in=recent).aggregate(total=Sum("skipped"))["total"] or 0
    return int(audience - skipped)


def _check_quota(account: Account, wanted: int, now: datetime) -> None:
    """Raise `CannotStart` over the quota. The account is locked: of two started together, the second counts the first."""
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    left = account.sending_quota - sent_in_window(now=now)
    if wanted > left:
        raise CannotStart(
            f"This would go to {wanted:,} people, and the account may send {max(0, left):,} more messages "
            "in this 30-day window."
        )
