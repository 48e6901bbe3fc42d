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

from contacts.files.rows import Person
from contacts.files.standings import Standing
from contacts.models import Import
from contacts.services.imports import loading_sql
from contacts.services.imports.loading_sql import Plan
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
Hashed = tuple[Person, bytes]
"""A person and the hash of their address."""


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


def load(*, run: Import, people: Sequence[Hashed], now: datetime) -> Loaded:
    """Write one piece: people with the hash of their address, no address twice.

    People who are suppressed, restricted or erased, or unsubscribed from one of the lists, are kept out and only counted.
    """
    if not people:
        return Loaded(0, 0, 0, 0)
    plan = loading_sql.plan(run.mapping, tags=run.tags)
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
        cursor.execute("DROP TABLE IF EXISTS import_rows, import_put, import_agreed")
        cursor.execute(loading_sql.staging(plan))
        _copy(cursor, people, plan)
        cursor.execute("ANALYZE import_rows")
        cursor.execute(loading_sql.KEEP_OUT, values)
        kept_out = cursor.rowcount
        if run.list_ids:
            cursor.execute(loading_sql.KEEP_UNSUBSCRIBED_OUT, values)
            kept_out += cursor.rowcount
        cursor.execute(loading_sql.upsert(run.known, plan), values)
        cursor.execute(loading_sql.KNOWN_REST, values)
        _attach(cursor, run, plan, values)
        cursor.execute(loading_sql.COUNT)
        added, changed, total = cursor.fetchone()
    return Loaded(added, changed, total - added - changed, kept_out)


def suppress(*, run: Import, people: Sequence[Hashed], now: datetime) -> None:
    """Never mail those whom the file calls unsubscribed, bounced or complaining, whether they are contacts or not."""
    standing.suppress_many(
        account_id=run.account_id,
        people=[(person.email, digest, _REASONS[person.standing]) for person, digest in people],
        now=now,
    )


def _attach(cursor: Any, run: Import, plan: Plan, values: dict[str, Any]) -> None:
    """Put the people on the lists, tag them, and write down what was changed and on which words they are written to."""
    if run.list_ids:
        cursor.execute(loading_sql.SUBSCRIBE, values)
    else:
        cursor.execute(loading_sql.AGREED_WITHOUT_LIST)
    if plan.tags:
        cursor.execute(loading_sql.NEW_TAGS, values)
        cursor.execute(loading_sql.TAG, values)
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


def _copy(cursor: Any, people: Sequence[Hashed], plan: Plan) -> None:
    """Write COPY's text format ourselves: a third of the time of `write_row`, which adapts every value by itself."""
    texts, dates, has_values, has_tags = plan.texts, plan.dates, plan.values, plan.tags
    dumps = orjson.dumps
    lines = []
    for person, digest in people:
        fields = person.fields
        line = [person.email, *[str(fields.get(name, "")) for name in texts]]
        if has_values:
            line.append(dumps(person.values).decode() if person.values else "{}")
        if has_tags:
            line.append(_array(person.tags) if person.tags else "{}")
        if not _SPECIAL.isdisjoint("".join(line)):
            line = [text.translate(_ESCAPED) for text in line]
        line += [str(fields[name]) if name in fields else "\\N" for name in dates]
        line.append("\\\\x" + digest.hex())
        lines.append("\t".join(line))
    with cursor.copy(loading_sql.copy(plan)) as copy:
        copy.write("\n".join(lines) + "\n")


# Source: PostgreSQL's documentation of COPY, "Text Format".
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_SPECIAL = frozenset("\\\t\n\r")


def _array(texts: Sequence[str]) -> str:
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return "{" + ",".join(f'"{text}"' for text in quoted) + "}"


def _lock(function: str, account_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_LOCK, account_id % 2**31])
