"""One piece of an import into the tables: COPY into a temporary table, one upsert, and what follows from it.

Everything happens in the caller's transaction, under the caller's account scope. SQL by hand, because it is a set at a
time: 15 to 30 µs a row where one `update_or_create` costs 4,000 (bench/importing.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from contacts.files.rows import Person
from contacts.models import Import
from emailconcert.lib.tenancy import current_account_id
from privacy.models import Consent
from privacy.services import consents, standing

# Erasure takes it alone, pieces of imports together: so no piece that began before an erasure writes after it.
_LOCK = 0x1EC0


@dataclass(frozen=True)
class Loaded:
    """What became of a piece's rows; every row is in exactly one of these."""

    added: int
    changed: int
    unchanged: int
    kept_out: int


_STAGING = """
    CREATE TEMPORARY TABLE import_rows (
        email text, email_hash bytea, first_name text, last_name text, language text, country text, time_zone text,
        values jsonb, tags text[]
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE import_put (id bigint, email_hash bytea, added boolean, changed boolean) ON COMMIT DROP
"""
_COPY = (
    "COPY import_rows (email, email_hash, first_name, last_name, language, country, time_zone, values, tags) FROM STDIN"
)
_KEEP_OUT = f"""
    DELETE FROM import_rows r WHERE {standing.suppressed_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.restricted_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.domain_suppressed_sql(account="%(account)s", email="r.email")}
"""  # noqa: S608  # fragments from code
_KEEP_UNSUBSCRIBED_OUT = """
    DELETE FROM import_rows r USING contacts_contact c, contacts_subscription s
     WHERE c.account_id = %(account)s AND c.email = r.email
       AND s.account_id = c.account_id AND s.contact_id = c.id AND s.list_id = %(list)s AND s.state = 'unsubscribed'
"""
_TEXTS = ("first_name", "last_name", "language", "country", "time_zone")
_INSERT = """
    INSERT INTO contacts_contact AS c (account_id, email, email_hash, first_name, last_name, language, country,
                                       time_zone, values, source, source_id, tracking_off, created_at, updated_at)
    SELECT %(account)s, r.email, r.email_hash, r.first_name, r.last_name, r.language, r.country, r.time_zone,
           r.values, 'import', %(import)s, false, %(now)s, %(now)s
      FROM import_rows r ORDER BY r.email
    ON CONFLICT (account_id, email)
"""


def _upsert(known: str) -> str:
    """Return the statement for what the member chose to do with people who are known already.

    Rows that would not change are not written again. `xmax = 0` tells the inserted from the updated.
    """
    if known == Import.Known.SKIP:
        action = "DO NOTHING"
    else:
        first, second = ("c", "EXCLUDED") if known == Import.Known.FILL else ("EXCLUDED", "c")
        merged = [f"COALESCE(NULLIF({first}.{name}, ''), {second}.{name})" for name in _TEXTS]
        # `a || b`: b wins.
        merged.append(f"{second}.values || {first}.values")
        columns = [*_TEXTS, "values"]
        action = (
            f"DO UPDATE SET ({', '.join(columns)}, updated_at) = ROW({', '.join(merged)}, %(now)s)"
            f" WHERE ({', '.join(f'c.{name}' for name in columns)}) IS DISTINCT FROM ({', '.join(merged)})"
        )
    return f"""
        WITH put AS ({_INSERT} {action} RETURNING c.id, c.email_hash, (xmax = 0) AS added)
        INSERT INTO import_put SELECT id, email_hash, added, NOT added FROM put
    """  # noqa: S608  # fragments from code


# Known people who were left as they are still may go on the list: they are looked up.
_KNOWN_REST = """
    INSERT INTO import_put
    SELECT c.id, c.email_hash, false, false FROM import_rows r
      JOIN contacts_contact c ON c.account_id = %(account)s AND c.email = r.email
     WHERE NOT EXISTS (SELECT 1 FROM import_put p WHERE p.id = c.id)
"""
_SUBSCRIBE = """
    WITH placed AS (
        INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at, confirmed_at)
        SELECT %(account)s, %(list)s, p.id, 'subscribed', 'import', %(now)s, %(now)s FROM import_put p ORDER BY p.id
        ON CONFLICT (account_id, list_id, contact_id) DO NOTHING
        RETURNING contact_id
    )
    UPDATE import_put p SET changed = NOT p.added FROM placed WHERE placed.contact_id = p.id RETURNING p.email_hash
"""
_NEW_TAGS = """
    INSERT INTO contacts_tag (account_id, name)
    SELECT DISTINCT %(account)s, unnest(tags) FROM import_rows WHERE tags <> '{}' ORDER BY 2
    ON CONFLICT (account_id, name) DO NOTHING
"""
_TAG = """
    WITH linked AS (
        INSERT INTO contacts_contacttag (account_id, contact_id, tag_id)
        SELECT DISTINCT %(account)s::bigint, p.id, t.id FROM import_rows r
          CROSS JOIN LATERAL unnest(r.tags) AS wanted(name)
          JOIN contacts_tag t ON t.account_id = %(account)s AND t.name = wanted.name
          JOIN import_put p ON p.email_hash = r.email_hash
        ON CONFLICT (account_id, contact_id, tag_id) DO NOTHING
        RETURNING contact_id
    )
    UPDATE import_put p SET changed = NOT p.added FROM linked WHERE linked.contact_id = p.id
"""
_TIMELINE = """
    INSERT INTO contacts_contactevent (account_id, contact_id, at, kind, details)
    SELECT %(account)s, p.id, %(now)s, 'imported', jsonb_build_object('import', %(import)s::bigint)
      FROM import_put p WHERE p.changed
"""
_COUNT = "SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE changed), count(*) FROM import_put"


def lock_for_import(account_id: int) -> None:
    """Wait for an erasure in this account that is under way; to the end of the transaction none begins."""
    _lock("pg_advisory_xact_lock_shared", account_id)


def lock_for_erasure(account_id: int) -> None:
    """Wait for pieces of imports in this account that are being written; to the end of the transaction none begins."""
    _lock("pg_advisory_xact_lock", account_id)


def load(*, run: Import, people: Sequence[tuple[Person, bytes]], now: datetime) -> Loaded:
    """Write one piece: people with the hash of their address, no address twice.

    People who are suppressed, restricted or erased, or unsubscribed from the list, are kept out and only counted.
    """
    if not people:
        return Loaded(0, 0, 0, 0)
    values = {"account": current_account_id(), "list": run.list_id, "import": run.pk, "now": now}
    with connection.cursor() as cursor:
        lock_for_import(run.account_id)
        cursor.execute("DROP TABLE IF EXISTS import_rows, import_put")
        cursor.execute(_STAGING)
        _copy(cursor, people)
        cursor.execute("ANALYZE import_rows")
        cursor.execute(_KEEP_OUT, values)
        kept_out = cursor.rowcount
        if run.list_id:
            cursor.execute(_KEEP_UNSUBSCRIBED_OUT, values)
            kept_out += cursor.rowcount
        cursor.execute(_upsert(run.known), values)
        cursor.execute(_KNOWN_REST, values)
        _attach(cursor, run, people, values)
        cursor.execute(_COUNT)
        added, changed, total = cursor.fetchone()
    return Loaded(added, changed, total - added - changed, kept_out)


def _attach(cursor: Any, run: Import, people: Sequence[tuple[Person, bytes]], values: dict[str, Any]) -> None:
    """Put the people on the list, tag them, and write down what was changed and on which words they are written to."""
    if run.list_id:
        cursor.execute(_SUBSCRIBE, values)
    else:
        cursor.execute("SELECT email_hash FROM import_put WHERE added")
    agreed = [bytes(row[0]) for row in cursor.fetchall()] if run.consent_wording else []
    if any(person.tags for person, _ in people):
        cursor.execute(_NEW_TAGS, values)
        cursor.execute(_TAG, values)
    cursor.execute(_TIMELINE, values)
    consents.record_many(
        account_id=run.account_id,
        hashes=agreed,
        wording_text=run.consent_wording,
        channel=Consent.Channel.IMPORT,
        now=values["now"],
        list_id=run.list_id,
        source_id=run.pk,
    )


def _copy(cursor: Any, people: Sequence[tuple[Person, bytes]]) -> None:
    with cursor.copy(_COPY) as copy:
        for person, digest in people:
            copy.write_row(
                (
                    person.email,
                    digest,
                    person.first_name,
                    person.last_name,
                    person.language,
                    person.country,
                    person.time_zone,
                    orjson.dumps(person.values).decode() if person.values else "{}",
                    person.tags,
                )
            )


def _lock(function: str, account_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [_LOCK, account_id % 2**31])
