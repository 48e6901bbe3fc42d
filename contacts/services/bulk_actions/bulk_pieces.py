"""What one piece of a bulk action does, and what its undoing takes back: one statement for the whole piece each.

Everything here respects what people said: who opted out is never subscribed, who is restricted is left as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from contacts.models import BulkAction, BulkChange, Contact
from contacts.services.bulk_actions import deleting
from emailconcert.lib.tenancy import current_account_id
from privacy.services import standing, taken_off

Kind = BulkAction.Kind
_RESTRICTED = standing.restricted_sql(account="c.account_id", address_hash="c.email_hash")
_BLOCKED = " OR ".join(
    (
        _RESTRICTED,
        standing.suppressed_sql(account="c.account_id", address_hash="c.email_hash"),
        standing.domain_suppressed_sql(account="c.account_id", email="c.email"),
    )
)
_MEANT = "SELECT c.id FROM contacts_contact c WHERE c.account_id = %(account)s AND c.id = ANY(%(ids)s)"
_FREE = f"{_MEANT} AND NOT {_RESTRICTED}"
_MAILABLE = f"{_MEANT} AND NOT ({_BLOCKED})"
_NOTE = """
    , noted AS (
        INSERT INTO contacts_bulkchange (account_id, action_id, contact_id, before, at)
        SELECT %(account)s, %(action)s, contact_id, before, %(now)s FROM done
    ), told AS (
        INSERT INTO contacts_contactevent (account_id, contact_id, at, kind, details)
        SELECT %(account)s, contact_id, %(now)s, %(event)s, %(details)s::jsonb FROM done
    )
    SELECT contact_id, email_hash FROM done JOIN contacts_contact c ON c.account_id = %(account)s AND c.id = contact_id
"""
_TAG = f"""
    WITH done AS (
        INSERT INTO contacts_contacttag (account_id, contact_id, tag_id)
        SELECT %(account)s, id, %(tag)s FROM ({_FREE} ORDER BY c.id) free
        ON CONFLICT (account_id, contact_id, tag_id) DO NOTHING RETURNING contact_id, '' AS before
    ) {_NOTE}
"""  # noqa: S608  # fragments from code
_UNTAG = f"""
    WITH done AS (
        DELETE FROM contacts_contacttag
         WHERE account_id = %(account)s AND tag_id = %(tag)s AND contact_id IN ({_FREE})
        RETURNING contact_id, '' AS before
    ) {_NOTE}
"""  # noqa: S608  # fragments from code
_SUBSCRIBE = f"""
    WITH done AS (
        INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at, confirmed_at)
        SELECT %(account)s, %(list)s, id, 'subscribed', 'member', %(now)s, %(now)s FROM ({_MAILABLE} ORDER BY c.id) free
        ON CONFLICT (account_id, list_id, contact_id) DO NOTHING RETURNING contact_id, '' AS before
    ) {_NOTE}
"""  # noqa: S608  # fragments from code
_UNSUBSCRIBE = f"""
    WITH old AS (
        SELECT id, contact_id, state FROM contacts_subscription
         WHERE account_id = %(account)s AND list_id = %(list)s AND contact_id IN ({_MEANT}) AND state <> 'unsubscribed'
         ORDER BY id FOR UPDATE
    ), done AS (
        UPDATE contacts_subscription s
           SET state = 'unsubscribed', unsubscribed_at = %(now)s, unsubscribe_reason = 'By a member'
          FROM old WHERE s.account_id = %(account)s AND s.id = old.id
        RETURNING s.contact_id, old.state AS before
    ) {_NOTE}
"""  # noqa: S608  # fragments from code
_LEFT_OUT_FREE = f"SELECT count(*) FROM ({_MEANT} AND {_RESTRICTED}) held"  # noqa: S608  # fragments from code
_LEFT_OUT_MAILABLE = f"""
    SELECT count(*) FROM ({_MEANT} AND ({_BLOCKED} OR EXISTS (
        SELECT 1 FROM contacts_subscription s WHERE s.account_id = c.account_id AND s.list_id = %(list)s
           AND s.contact_id = c.id AND s.state = 'unsubscribed'))) held
"""  # noqa: S608  # fragments from code
_BACK = "FROM unnest(%(ids)s::bigint[], %(moments)s::timestamptz[], %(befores)s::text[]) AS b (id, at, before)"
_UNDO = {
    Kind.TAG: f"""
        DELETE FROM contacts_contacttag t USING ({_FREE}) free
         WHERE t.account_id = %(account)s AND t.tag_id = %(tag)s AND t.contact_id = free.id
        RETURNING t.contact_id
    """,  # noqa: S608  # fragments from code
    Kind.UNTAG: f"""
        INSERT INTO contacts_contacttag (account_id, contact_id, tag_id)
        SELECT %(account)s, id, %(tag)s FROM ({_FREE}) free
        ON CONFLICT (account_id, contact_id, tag_id) DO NOTHING RETURNING contact_id
    """,  # noqa: S608  # fragments from code
    # Only what nobody touched since: a standing that the person confirmed, or left, is theirs.
    Kind.SUBSCRIBE: f"""
        DELETE FROM contacts_subscription s USING (SELECT * {_BACK}) b
         WHERE s.account_id = %(account)s AND s.list_id = %(list)s AND s.contact_id = b.id
           AND s.state = 'subscribed' AND s.source = 'member' AND s.created_at = b.at AND s.confirmed_at = b.at
        RETURNING s.contact_id
    """,  # noqa: S608  # fragments from code
    Kind.UNSUBSCRIBE: f"""
        UPDATE contacts_subscription s
           SET state = b.before, unsubscribed_at = NULL, unsubscribe_reason = ''
          FROM (SELECT * {_BACK}) b
         WHERE s.account_id = %(account)s AND s.list_id = %(list)s AND s.contact_id = b.id
           AND s.state = 'unsubscribed' AND s.unsubscribed_at = b.at AND s.unsubscribe_reason = 'By a member'
           AND b.id IN ({_MAILABLE})
        RETURNING s.contact_id
    """,  # noqa: S608  # fragments from code
}


@dataclass(frozen=True)
class Done:
    """What came of one piece."""

    changed: int
    left_out: int


def do_piece(*, action: BulkAction, ids: Sequence[int], now: datetime) -> Done:
    """Do an action to these contacts, and note which of them it changed."""
    return _PIECES[Kind(action.kind)](action, ids, now)


def undo_piece(*, action: BulkAction, changes: Sequence[BulkChange], now: datetime) -> int:
    """Take back what of these changes is still as the action left it. Return how many."""
    values = _values(action, [change.contact_id for change in changes], now) | {
        "moments": [change.at for change in changes],
        "befores": [change.before for change in changes],
    }
    rows = _rows(_UNDO[Kind(action.kind)], values)
    back = [contact_id for (contact_id,) in rows]
    if action.kind == Kind.UNSUBSCRIBE and back:
        _take_back_opt_outs(action, [change for change in changes if change.contact_id in set(back)], now)
    return len(back)


def _tag(action: BulkAction, ids: Sequence[int], now: datetime) -> Done:
    values = _values(action, ids, now, event="tagged", tag=action.about)
    return Done(len(_rows(_TAG, values)), _count(_LEFT_OUT_FREE, values))


def _untag(action: BulkAction, ids: Sequence[int], now: datetime) -> Done:
    values = _values(action, ids, now, event="untagged", tag=action.about)
    return Done(len(_rows(_UNTAG, values)), _count(_LEFT_OUT_FREE, values))


def _subscribe(action: BulkAction, ids: Sequence[int], now: datetime) -> Done:
    values = _values(action, ids, now, event="subscribed", list=action.about)
    return Done(len(_rows(_SUBSCRIBE, values)), _count(_LEFT_OUT_MAILABLE, values))


def _unsubscribe(action: BulkAction, ids: Sequence[int], now: datetime) -> Done:
    values = _values(action, ids, now, event="unsubscribed", list=action.about, reason="By a member")
    gone = [bytes(digest) for _, digest in _rows(_UNSUBSCRIBE, values)]
    taken_off.take_off(account_id=action.account_id, hashes=gone, list_id=action.list_id or 0, now=now)
    return Done(len(gone), 0)


def _delete(action: BulkAction, ids: Sequence[int], now: datetime) -> Done:
    held = {pk for (pk,) in _rows(f"{_MEANT} AND {_RESTRICTED}", _values(action, ids, now))}
    contacts = [*Contact.objects.filter(account_id=action.account_id, pk__in=set(ids) - held).order_by("pk")]
    deleting.delete_many(account_id=action.account_id, contacts=contacts, now=now)
    return Done(len(contacts), len(held))


_PIECES: Mapping[Kind, Callable[[BulkAction, Sequence[int], datetime], Done]] = {
    Kind.TAG: _tag,
    Kind.UNTAG: _untag,
    Kind.SUBSCRIBE: _subscribe,
    Kind.UNSUBSCRIBE: _unsubscribe,
    Kind.DELETE: _delete,
}


def _take_back_opt_outs(action: BulkAction, changes: Sequence[BulkChange], now: datetime) -> None:
    """Let the member's act not count any more where opt-outs and consents are kept outside of the subscription."""
    by_id = {change.contact_id: change for change in changes}
    rows = Contact.objects.filter(account_id=action.account_id, pk__in=by_id).values_list("pk", "email_hash")
    taken = [(bytes(digest), by_id[pk].at) for pk, digest in rows]
    taken_off.put_back(account_id=action.account_id, taken=taken, list_id=action.list_id or 0, now=now)


def _values(action: BulkAction, ids: Sequence[int], now: datetime, event: str = "", **details: str) -> dict[str, Any]:
    return {
        "account": current_account_id(),
        "action": action.pk,
        "tag": action.tag_id,
        "list": action.list_id,
        "ids": [*ids],
        "now": now,
        "event": event,
        "details": orjson.dumps(details).decode(),
    }


def _rows(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [*cursor.fetchall()]


def _count(sql: str, values: Mapping[str, Any]) -> int:
    return int(_rows(sql, values)[0][0])
