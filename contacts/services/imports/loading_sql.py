"""The statements by which `loading` writes one piece. Only the columns that the file fills take part.

`%(source)s` says where a value came from that is written to a contact who was known before: those who come in with the
import need no word of it. What known contacts were before is read from the upsert itself (PostgreSQL 18: RETURNING old).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contacts.fields import FIELD
from contacts.models import Import
from privacy.services import standing

_TEXTS = ("first_name", "last_name", "gender", "language", "country", "time_zone", "phone")
_DATES = ("date_of_birth",)


@dataclass(frozen=True)
class Plan:
    """What the file fills: standard fields by their kind in the database, own fields, tags."""

    texts: tuple[str, ...]
    dates: tuple[str, ...]
    values: bool
    tags: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the filled columns of contacts."""
        return (*self.texts, *self.dates, *(("values",) if self.values else ()))


def plan(mapping: Mapping[str, str], *, tags: Sequence[str]) -> Plan:
    """Return what a mapping fills."""
    targets = set(mapping.values())
    if "name" in targets:
        targets |= {"first_name", "last_name"}
    return Plan(
        texts=tuple(name for name in _TEXTS if name in targets),
        dates=tuple(name for name in _DATES if name in targets),
        values=any(target.startswith(FIELD) for target in targets),
        tags="tags" in targets or bool(tags),
    )


def staging(plan: Plan) -> str:
    """Return the statements that make the temporary tables."""
    columns = [f"{name} text" for name in plan.texts] + [f"{name} date" for name in plan.dates]
    more = "".join(f", {column}" for column in columns)
    more += (", values jsonb" if plan.values else "") + (", tags text[]" if plan.tags else "")
    return f"""
        CREATE TEMPORARY TABLE import_rows (
            email text, email_hash bytea{more}
        ) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_put (
            id bigint, email_hash bytea, added boolean, changed boolean, before jsonb, list_ids bigint[], tag_ids bigint[]
        ) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_agreed (address_hash bytea, list_id bigint) ON COMMIT DROP
    """


def copy(plan: Plan) -> str:
    """Return the COPY of a piece's rows."""
    values, tags = ["values"] if plan.values else [], ["tags"] if plan.tags else []
    columns = ["email", *plan.texts, *values, *tags, *plan.dates, "email_hash"]
    return f"COPY import_rows ({', '.join(columns)}) FROM STDIN"


KEEP_OUT = f"""
    DELETE FROM import_rows r WHERE {standing.suppressed_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.restricted_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.domain_suppressed_sql(account="%(account)s", email="r.email")}
"""  # noqa: S608  # fragments from code
KEEP_UNSUBSCRIBED_OUT = """
    DELETE FROM import_rows r USING contacts_contact c
     WHERE c.account_id = %(account)s AND c.email = r.email
       AND EXISTS (SELECT 1 FROM contacts_subscription s WHERE s.account_id = c.account_id AND s.contact_id = c.id
                      AND s.list_id = ANY(%(lists)s) AND s.state = 'unsubscribed')
"""


def upsert(known: str, plan: Plan) -> str:
    """Return the statement for what the member chose to do with people who are known already.

    Rows that would not change are not written again.
    """
    named = "".join(f", {name}" for name in plan.columns)
    staged = "".join(f", r.{name}" for name in plan.columns)
    if known == Import.Known.SKIP or not plan.columns:
        action, before = "DO NOTHING", "NULL::jsonb"
    else:
        action, before = _update(known, plan), f"CASE WHEN old.id IS NOT NULL THEN {_before(plan)} END"
    return f"""
        WITH put AS (
            INSERT INTO contacts_contact AS c (account_id, email, email_hash{named}, source, source_id, tracking_off,
                                               created_at, updated_at)
            SELECT %(account)s, r.email, r.email_hash{staged}, 'import', %(import)s, false, %(now)s, %(now)s
              FROM import_rows r ORDER BY r.email
            ON CONFLICT (account_id, email) {action}
            RETURNING c.id, c.email_hash, old.id IS NULL AS added, {before} AS before
        )
        INSERT INTO import_put (id, email_hash, added, changed, before)
        SELECT id, email_hash, added, NOT added, before FROM put
    """  # noqa: S608  # fragments from code


def _update(known: str, plan: Plan) -> str:
    first, second = ("c", "EXCLUDED") if known == Import.Known.FILL else ("EXCLUDED", "c")
    merged = {name: f"COALESCE(NULLIF({first}.{name}, ''), {second}.{name})" for name in plan.texts}
    merged |= {name: f"COALESCE({first}.{name}, {second}.{name})" for name in plan.dates}
    if plan.values:
        merged["values"] = f"{second}.values || {first}.values"  # of `a || b`, b wins
    sources = [
        f"CASE WHEN c.{name} IS DISTINCT FROM {merged[name]}"
        f" THEN jsonb_build_object('{name}', %(source)s::jsonb) ELSE '{{}}'::jsonb END"
        for name in (*plan.texts, *plan.dates)
    ]
    if plan.values:
        sources.append(
            f"COALESCE((SELECT jsonb_object_agg('{FIELD}' || n.key, %(source)s::jsonb)"  # noqa: S608
            f" FROM jsonb_each({merged['values']}) n WHERE c.values->n.key IS DISTINCT FROM n.value), '{{}}'::jsonb)"
        )
    columns = ", ".join(plan.columns)
    values = ", ".join(merged[name] for name in plan.columns)
    return (
        f"DO UPDATE SET ({columns}, value_sources, updated_at)"
        f" = ROW({values}, c.value_sources || {' || '.join(sources)}, %(now)s)"
        f" WHERE ({', '.join(f'c.{name}' for name in plan.columns)}) IS DISTINCT FROM ({values})"
    )


def _before(plan: Plan) -> str:
    """Return an expression for {field: [before, written, its source before]} of what an update changed."""
    parts = [
        f"CASE WHEN old.{name} IS DISTINCT FROM new.{name} THEN jsonb_build_object('{name}',"
        f" jsonb_build_array(old.{name}, new.{name}, old.value_sources->'{name}')) ELSE '{{}}'::jsonb END"
        for name in (*plan.texts, *plan.dates)
    ]
    if plan.values:
        parts.append(
            f"COALESCE((SELECT jsonb_object_agg('{FIELD}' || n.key, jsonb_build_array(old.values->n.key, n.value,"  # noqa: S608
            f" old.value_sources->('{FIELD}' || n.key))) FROM jsonb_each(new.values) n"
            f" WHERE old.values->n.key IS DISTINCT FROM n.value), '{{}}'::jsonb)"
        )
    return " || ".join(parts)


# Known people who were left as they are still may go on the lists: they are looked up.
KNOWN_REST = """
    INSERT INTO import_put (id, email_hash, added, changed)
    SELECT c.id, c.email_hash, false, false FROM import_rows r
      JOIN contacts_contact c ON c.account_id = %(account)s AND c.email = r.email
     WHERE NOT EXISTS (SELECT 1 FROM import_put p WHERE p.id = c.id)
"""
SUBSCRIBE = """
    WITH placed AS (
        INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at, confirmed_at)
        SELECT %(account)s, l.id, p.id, 'subscribed', 'import', %(now)s, %(now)s
          FROM import_put p JOIN contacts_list l ON l.account_id = %(account)s AND l.id = ANY(%(lists)s)
         ORDER BY l.id, p.id
        ON CONFLICT (account_id, list_id, contact_id) DO NOTHING
        RETURNING contact_id, list_id
    ), agreed AS (
        INSERT INTO import_agreed SELECT p.email_hash, placed.list_id FROM placed JOIN import_put p ON p.id = contact_id
    ), grouped AS (
        SELECT contact_id, array_agg(list_id) AS ids FROM placed GROUP BY contact_id
    )
    UPDATE import_put p SET changed = true, list_ids = grouped.ids FROM grouped
     WHERE grouped.contact_id = p.id AND NOT p.added
"""
AGREED_WITHOUT_LIST = "INSERT INTO import_agreed SELECT email_hash, NULL FROM import_put WHERE added"
NEW_TAGS = """
    INSERT INTO contacts_tag (account_id, name)
    SELECT DISTINCT %(account)s, name FROM import_rows r JOIN import_put p ON p.email_hash = r.email_hash
     CROSS JOIN LATERAL unnest(r.tags || %(tags)s::text[]) AS wanted(name) ORDER BY 2
    ON CONFLICT (account_id, name) DO NOTHING
"""
TAG = """
    WITH linked AS (
        INSERT INTO contacts_contacttag (account_id, contact_id, tag_id)
        SELECT DISTINCT %(account)s::bigint, p.id, t.id FROM import_rows r
          CROSS JOIN LATERAL unnest(r.tags || %(tags)s::text[]) AS wanted(name)
          JOIN contacts_tag t ON t.account_id = %(account)s AND t.name = wanted.name
          JOIN import_put p ON p.email_hash = r.email_hash
        ON CONFLICT (account_id, contact_id, tag_id) DO NOTHING
        RETURNING contact_id, tag_id
    ), grouped AS (
        SELECT contact_id, array_agg(tag_id) AS ids FROM linked GROUP BY contact_id
    )
    UPDATE import_put p SET changed = true, tag_ids = grouped.ids FROM grouped
     WHERE grouped.contact_id = p.id AND NOT p.added
"""
REMEMBER = """
    INSERT INTO contacts_importchange (account_id, import_run_id, contact_id, values, list_ids, tag_ids)
    SELECT %(account)s, %(import)s, id, COALESCE(before, '{}'), COALESCE(list_ids, '{}'), COALESCE(tag_ids, '{}')
      FROM import_put WHERE changed ORDER BY id
"""
TIMELINE = """
    INSERT INTO contacts_contactevent (account_id, contact_id, at, kind, details)
    SELECT %(account)s, id, %(now)s, 'imported', jsonb_build_object('import', %(import)s::bigint)
      FROM import_put WHERE changed
"""
COUNT = "SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE changed), count(*) FROM import_put"
# Before anything is written, for the dry run: which of the piece's addresses are known, and which stay out.
LOOK_UP = f"""
    SELECT r.email_hash, c.id IS NOT NULL,
           {standing.suppressed_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.restricted_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.domain_suppressed_sql(account="%(account)s", email="r.email")}
        OR EXISTS (SELECT 1 FROM contacts_subscription s WHERE s.account_id = %(account)s AND s.contact_id = c.id
                      AND s.list_id = ANY(%(lists)s) AND s.state = 'unsubscribed')
      FROM unnest(%(hashes)s::bytea[], %(emails)s::text[]) AS r(email_hash, email)
      LEFT JOIN contacts_contact c ON c.account_id = %(account)s AND c.email_hash = r.email_hash
"""  # noqa: S608  # fragments from code
