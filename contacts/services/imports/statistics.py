"""What PostgreSQL's planner knows of an account that is being filled.

It takes an account that its statistics don't name for one row, and then any index that begins with the account looks as good
as the one that finds an address: each row of a file would go over the whole account.
"""

from typing import Any

import orjson
from django.db import connection

from emailconcert.lib.tenancy import account_scope

_ENOUGH = 2_000  # contacts, from which on it matters
_TABLES = "contacts_contact, contacts_subscription, contacts_contacttag"


def refresh() -> None:
    """Tell the planner of many new rows now, not in a minute."""
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE (SKIP_LOCKED) {_TABLES}")


def refresh_if_blind(*, account_id: int) -> None:
    """Tell the planner of an account that has grown unseen."""
    with account_scope(account_id), connection.cursor() as cursor:
        blind = _expected(cursor, account_id) < _ENOUGH // 2 and _has(cursor, account_id, _ENOUGH)
    if blind:
        refresh()


def _expected(cursor: Any, account_id: int) -> int:
    cursor.execute("EXPLAIN (FORMAT JSON) SELECT 1 FROM contacts_contact WHERE account_id = %s", [account_id])
    plan = cursor.fetchone()[0]
    plan = orjson.loads(plan) if isinstance(plan, str) else plan
    return int(plan[0]["Plan"]["Plan Rows"])


def _has(cursor: Any, account_id: int, rows: int) -> bool:
    cursor.execute(
        "SELECT count(*) FROM (SELECT 1 FROM contacts_contact WHERE account_id = %s LIMIT %s) c", [account_id, rows]
    )
    return bool(cursor.fetchone()[0] >= rows)
