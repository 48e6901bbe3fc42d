"""The statements by which `loading` writes one piece. Only the columns that the file fills take part.

`%(source)s` says where a value came from that is written to a contact who was known before: those who come in with the
import need no word of it. What known contacts were before is read from the upsert itself (PostgreSQL 18: RETURNING old).

Contacts are looked up one by one in an index (`LATERAL … LIMIT 1`, or a sub-query for one value), never joined as tables:
the planner knows nothing of an account that is only being filled, takes it for a handful of rows, and a join that is planned
for a handful goes over all of them for each row of the file.
"""

from contacts.fields import FIELD
from contacts.files.layout import Layout
from contacts.models import Import
from privacy.services import standing


def staging(plan: Layout) -> str:
    """Return the statements that make the temporary tables."""
    types = {**dict.fromkeys(plan.dates, "date"), "values": "jsonb", "tags": "text[]", "email_hash": "bytea"}
    columns = ", ".join(f"{name} {types.get(name, 'text')}" for name in plan.staged)
    return f"""
        DROP TABLE IF EXISTS import_rows, import_found, import_put, import_agreed;
        CREATE TEMPORARY TABLE import_rows ({columns}) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_put (
            id bigint, email_hash bytea, added boolean, changed boolean, before jsonb, list_ids bigint[], tag_ids bigint[]
        ) ON COMMIT DROP;
        CREATE TEMPORARY TABLE import_agreed (address_hash bytea, list_id bigint) ON COMMIT DROP
    """


def copy(plan: Layout) -> str:
    """Return the COPY of a piece's rows."""
    return f"COPY import_rows ({', '.join(plan.staged)}) FROM STDIN"


def match(known: str, plan: Layout) -> str:
    """Return the statement that leaves out who is kept out, and finds who is known and would stay the same."""
    same = "true" if known == Import.Known.SKIP or not plan.fields else f"NOT ({_differs(known, plan, new='r')})"
    return f"""
        CREATE TEMPORARY TABLE import_found ON COMMIT DROP AS
        SELECT r.*, k.id AS known_id, k.same FROM import_rows r
          LEFT JOIN LATERAL (
            SELECT c.id, {same} AS same,
                   (SELECT true FROM contacts_subscription s WHERE s.account_id = %(account)s AND s.contact_id = c.id
                       AND s.list_id = ANY(%(lists)s) AND s.state = 'unsubscribed' LIMIT 1) AS unsubscribed
              FROM contacts_contact c WHERE c.account_id = %(account)s AND c.email = r.email LIMIT 1
          ) k ON true
         WHERE k.unsubscribed IS NULL
           AND NOT {standing.suppressed_sql(account="%(account)s", address_hash="r.email_hash")}
           AND NOT {standing.restricted_sql(account="%(account)s", address_hash="r.email_hash")}
           AND NOT {standing.domain_suppressed_sql(account="%(account)s", email="r.email")}
    """  # noqa: S608  # fragments from code


def upsert(known: str, plan: Layout) -> str:
    """Return the statement for what the member chose to do with people who are known already.

    Rows that would not change are not written again, nor locked.
    """
    named = "".join(f", {name}" for name in plan.fields)
    staged = "".join(f", r.{name}" for name in plan.fields)
    if known == Import.Known.SKIP or not plan.fields:
        action, before = "DO NOTHING", "NULL::jsonb"
    else:
        action, before = _update(known, plan), f"CASE WHEN old.id IS NOT NULL THEN {_before(plan)} END"
    return f"""
        WITH put AS (
            INSERT INTO contacts_contact AS c (account_id, email, email_hash{named}, source, source_id, tracking_off,
                                               created_at, updated_at)
            SELECT %(account)s, r.email, r.email_hash{staged}, 'import', %(import)s, false, %(now)s, %(now)s
              FROM import_found r WHERE r.same IS NOT TRUE ORDER BY r.email
            ON CONFLICT (account_id, email) {action}
            RETURNING c.id, c.email_hash, old.id IS NULL AS added, {before} AS before
        )
        INSERT INTO import_put (id, email_hash, added, changed, before)
        SELECT id, email_hash, added, NOT added, before FROM put
    """  # noqa: S608  # fragments from code


def _merged(known: str, plan: Layout, *, new: str) -> dict[str, str]:
    """Return what each column of a known contact `c` is to be, by the alias of the new row."""
    first, second = ("c", new) if known == Import.Known.FILL else (new, "c")
    merged = {name: f"COALESCE(NULLIF({first}.{name}, ''), {second}.{name})" for name in plan.texts}
    merged |= {name: f"COALESCE({first}.{name}, {second}.{name})" for name in plan.dates}
    if plan.values:
        merged["values"] = f"{second}.values || {first}.values"  # of `a || b`, b wins
    return merged


def _differs(known: str, plan: Layout, *, new: str) -> str:
    merged = _merged(known, plan, new=new)
    now, then = ", ".join(f"c.{name}" for name in plan.fields), ", ".join(merged[name] for name in plan.fields)
    return f"({now}) IS DISTINCT FROM ({then})"


def _update(known: str, plan: Layout) -> str:
    merged = _merged(known, plan, new="EXCLUDED")
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
    columns = ", ".join(plan.fields)
    values = ", ".join(merged[name] for name in plan.fields)
    return (
        f"DO UPDATE SET ({columns}, value_sources, updated_at)"
        f" = ROW({values}, c.value_sources || {' || '.join(sources)}, %(now)s)"
        f" WHERE {_differs(known, plan, new='EXCLUDED')}"
    )


def _before(plan: Layout) -> str:
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


# Known people who are left as they are still may go on the lists.
KNOWN_REST = """
    INSERT INTO import_put (id, email_hash, added, changed)
    SELECT known_id, email_hash, false, false FROM import_found WHERE same
"""
# Who came in between our look and our writing, from elsewhere.
KNOWN_LATE = """
    INSERT INTO import_put (id, email_hash, added, changed)
    SELECT k.id, r.email_hash, false, false FROM import_found r
     CROSS JOIN LATERAL (
        SELECT c.id FROM contacts_contact c WHERE c.account_id = %(account)s AND c.email = r.email LIMIT 1) k
     WHERE r.email_hash NOT IN (SELECT p.email_hash FROM import_put p)
"""
SUBSCRIBE = """
    WITH placed AS (
        INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at, confirmed_at)
        SELECT %(account)s, l.id, p.id, 'subscribed', 'import', %(now)s, %(now)s
          FROM import_put p JOIN contacts_list l ON l.account_id = %(account)s AND l.id = ANY(%(lists)s)
         WHERE p.added OR (SELECT true FROM contacts_subscription s WHERE s.account_id = %(account)s
                              AND s.list_id = l.id AND s.contact_id = p.id LIMIT 1) IS NULL
         ORDER BY l.id, p.id
        ON CONFLICT (account_id, list_id, contact_id) DO NOTHING
        RETURNING contact_id, list_id
    ), agreed AS (
        INSERT INTO import_agreed SELECT p.email_hash, placed.list_id FROM placed JOIN import_put p ON p.id = contact_id
    ), grouped AS (
        SELECT contact_id, array_agg(list_id) AS ids FROM placed JOIN import_put p ON p.id = contact_id
         WHERE NOT p.added GROUP BY contact_id
    )
    UPDATE import_put p SET changed = true, list_ids = grouped.ids FROM grouped WHERE grouped.contact_id = p.id
"""
AGREED_WITHOUT_LIST = "INSERT INTO import_agreed SELECT email_hash, NULL FROM import_put WHERE added"


def new_tags(plan: Layout) -> str:
    """Return the statement that makes the tags that are new."""
    wanted = "unnest(%(tags)s::text[]) AS wanted(name)"
    if plan.tags:
        wanted = """import_found r JOIN import_put p ON p.email_hash = r.email_hash
          CROSS JOIN LATERAL unnest(r.tags || %(tags)s::text[]) AS wanted(name)"""
    return f"""
        INSERT INTO contacts_tag (account_id, name) SELECT DISTINCT %(account)s, name FROM {wanted} ORDER BY 2
        ON CONFLICT (account_id, name) DO NOTHING
    """  # noqa: S608  # fragments from code


def tag(plan: Layout) -> str:
    """Return the statement that tags people."""
    wanted = "SELECT p.id, p.added, t.id AS tag_id FROM import_put p JOIN contacts_tag t ON t.name = ANY(%(tags)s)"
    if plan.tags:
        wanted = """
            SELECT DISTINCT p.id, p.added, t.id AS tag_id FROM import_found r
              JOIN import_put p ON p.email_hash = r.email_hash
             CROSS JOIN LATERAL unnest(r.tags || %(tags)s::text[]) AS wanted(name)
              JOIN contacts_tag t ON t.name = wanted.name"""
    return f"""
        WITH linked AS (
            INSERT INTO contacts_contacttag (account_id, contact_id, tag_id)
            SELECT %(account)s, w.id, w.tag_id FROM ({wanted} WHERE t.account_id = %(account)s) w
             WHERE w.added OR (SELECT true FROM contacts_contacttag ct WHERE ct.account_id = %(account)s
                                  AND ct.contact_id = w.id AND ct.tag_id = w.tag_id LIMIT 1) IS NULL
             ORDER BY w.id, w.tag_id
            ON CONFLICT (account_id, contact_id, tag_id) DO NOTHING
            RETURNING contact_id, tag_id
        ), grouped AS (
            SELECT contact_id, array_agg(tag_id) AS ids FROM linked JOIN import_put p ON p.id = contact_id
             WHERE NOT p.added GROUP BY contact_id
        )
        UPDATE import_put p SET changed = true, tag_ids = grouped.ids FROM grouped WHERE grouped.contact_id = p.id
    """  # noqa: S608  # fragments from code


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
    SELECT r.email_hash, k.id IS NOT NULL,
           {standing.suppressed_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.restricted_sql(account="%(account)s", address_hash="r.email_hash")}
        OR {standing.domain_suppressed_sql(account="%(account)s", email="r.email")}
        OR k.unsubscribed IS NOT NULL
      FROM unnest(%(hashes)s::bytea[], %(emails)s::text[]) AS r(email_hash, email)
      LEFT JOIN LATERAL (
        SELECT c.id, (SELECT true FROM contacts_subscription s WHERE s.account_id = %(account)s AND s.contact_id = c.id
                         AND s.list_id = ANY(%(lists)s) AND s.state = 'unsubscribed' LIMIT 1) AS unsubscribed
          FROM contacts_contact c WHERE c.account_id = %(account)s AND c.email_hash = r.email_hash LIMIT 1
      ) k ON true
"""  # noqa: S608  # fragments from code
