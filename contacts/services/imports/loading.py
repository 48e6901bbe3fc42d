"""One piece of an import into the tables: COPY into a temporary table, one upsert, and what follows from it.

Everything happens in the caller's transaction, under the caller's account scope. SQL by hand, because it is a set at a
time: 15 to 30 µs a row where one `update_or_create` costs 4,000 (bench/importing.py). The statements are in `loading_sql`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import orjson
from django.db import connection

from contacts.files.layout import Layout
from contacts.files.prepared import OptedOut
from contacts.files.standings import Standing
from contacts.models import Import
from contacts.services.imports import loading_sql
from emailconcert.lib.tenancy import current_account_id
from privacy.models import Consent, Suppression
from privacy.services import consents, standing

# Erasure takes it alone, pieces of imports together: so no piece that began before an erasure writes after it.
_LOCK = 0x1EC0
_REASONS = {
    Standing.UNSUBSCRIBED: Suppression.Reason.UNSUBSCRIBED,
    Standing.BOUNCED: Suppression.Reason.BOUNCED,
    Standing.COMPLAINED: Suppression.Reason.COMPLAINED,
}


@dataclass(frozen=True)
class Loaded:
    """What became of a piece's rows; every row is in exactly one of these."""

    added: int
    changed: int
    unchanged: int
    kept_out: int


def lock_for_import(account_id: int) -> None:
    """Wait for an erasure in this account that is under way; to the end of the transaction none begins."""
    _lock("pg_advisory_xact_lock_shared", account_id)


def lock_for_erasure(account_id: int) -> None:
    """Wait for pieces of imports in this account that are being written; to the end of the transaction none begins."""
    _lock("pg_advisory_xact_lock", account_id)


def load(*, run: Import, layout: Layout, people: Sequence[bytes], now: datetime) -> Loaded:
    """Write one piece: lines for COPY, no address twice.

    People who are suppressed, restricted or erased, or unsubscribed from one of the lists, are kept out and only counted.
    """
    if not people:
        return Loaded(0, 0, 0, 0)
    values: dict[str, Any] = {
        "account": current_account_id(),
        "lists": run.list_ids,
        "tags": run.tags,
        "import": run.pk,
        "now": now,
        "source": orjson.dumps(["import", run.pk, now.date().isoformat()]).decode(),
    }
    with connection.cursor() as cursor:
        lock_for_import(run.account_id)
        cursor.execute(loading_sql.staging(layout))
        with cursor.copy(loading_sql.copy(layout)) as copy:
            copy.write(b"".join(people))
        cursor.execute(loading_sql.match(run.known, layout), values)
        found = cursor.rowcount
        cursor.execute(loading_sql.upsert(run.known, layout), values)
        put = cursor.rowcount
        cursor.execute(loading_sql.KNOWN_REST)
        if put + cursor.rowcount < found:
            cursor.execute(loading_sql.KNOWN_LATE, values)
        _attach(cursor, run, layout, values)
        cursor.execute(loading_sql.COUNT)
        added, changed, total = cursor.fetchone()
    return Loaded(added, changed, total - added - changed, len(people) - found)


def suppress(*, run: Import, people: Sequence[OptedOut], now: datetime) -> None:
    """Never mail those whom the file calls unsubscribed, bounced or complaining, whether they are contacts or not."""
    standing.suppress_many(
        account_id=run.account_id,
        people=[(email, digest, _REASONS[said]) for email, digest, said in people],
        now=now,
    )


def _attach(cursor: Any, run: Import, layout: Layout, values: dict[str, Any]) -> None:
    """Put the people on the lists, tag them, and write down what was changed and on which words they are written to."""
    if run.list_ids:
        cursor.execute(loading_sql.SUBSCRIBE, values)
    else:
        cursor.execute(loading_sql.AGREED_WITHOUT_LIST)
    if layout.tags or run.tags:
        cursor.execute(loading_sql.new_tags(layout), values)
        cursor.execute(loading_sql.tag(layout), values)
    cursor.execute(loading_sql.REMEMBER, values)
    cursor.execute(loading_sql.TIMELINE, values)
    if run.consent_wording:
        agreed = datetime.combine(run.consent_on, time(), UTC) if run.consent_on else values["now"]
        consents.record_table(
            account_id=run.account_id,
            table="import_agreed",
            wording_text=run.consent_wording,
            channel=Consent.Channel.IMPORT,
            given_at=agreed,
            now=values["now"],
            source_id=run.pk,
        )


def _lock(function: str, account_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_LOCK, account_id % 2**31])
