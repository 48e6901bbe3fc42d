"""Who may be mailed, as one piece of SQL: asked when an audience is gathered and again at the moment of sending.

A mailing to lists goes to who is subscribed to one of them. One to segments goes to people on any list or on none; then
nobody is mailed who stands on lists and is subscribed to none, or who left a list that was chosen beside the segments.

Everything is joined by index, nothing is asked by a subquery in the expression: PostgreSQL hashes those only while they
fit into its working memory, and a list of a million does not. Contacts are looked up one by one (`LATERAL … LIMIT 1`): an
account that was filled a moment ago is taken for a handful of rows, and a join that is planned for those goes over all of
them for each.
"""

from delivery.models import Mailing, Reason

# Joins to a contact `c`; the parameters are %(account)s, %(lists)s, %(beside)s and %(now)s. Each contact's own subscriptions are
# looked up by index: linear whatever the statistics say. (Joined as a set, a list that was imported a moment ago, before
# PostgreSQL has counted it, made a plan of quadratic cost.)
_JOINS = """
    LEFT JOIN privacy_restriction r ON r.account_id = c.account_id AND r.address_hash = c.email_hash
    LEFT JOIN privacy_suppression s ON s.account_id = c.account_id AND s.address_hash = c.email_hash
    LEFT JOIN privacy_domainsuppression d ON d.account_id = c.account_id AND d.domain = split_part(c.email, '@', 2)
    LEFT JOIN LATERAL (
        SELECT b.contact_id AS id FROM contacts_subscription b
        WHERE b.account_id = %(account)s AND b.contact_id = c.id AND b.list_id = ANY(%(lists)s::bigint[])
          AND b.state = 'subscribed'
        LIMIT 1
    ) subscribed ON true
"""

_JOIN_ALL_LISTS = """
    LEFT JOIN LATERAL (
        SELECT bool_or(b.state = 'subscribed') AS anywhere, bool_or(b.list_id = ANY(%(beside)s::bigint[])) AS beside,
            bool_or(b.state = 'subscribed' AND b.list_id = ANY(%(beside)s::bigint[])) AS subscribed_beside
        FROM contacts_subscription b WHERE b.account_id = %(account)s AND b.contact_id = c.id
    ) stands ON true
"""

# The first reason that holds is the one that is told.
_REASON = f"""
    CASE
        WHEN c.id IS NULL THEN {Reason.ERASED}
        WHEN r.id IS NOT NULL THEN {Reason.RESTRICTED}
        WHEN s.reason = 'erased' THEN {Reason.ERASED}
        WHEN s.reason = 'unsubscribed' THEN {Reason.UNSUBSCRIBED}
        WHEN s.id IS NOT NULL OR d.id IS NOT NULL THEN {Reason.SUPPRESSED}
        WHEN cardinality(%(lists)s::bigint[]) > 0 AND subscribed.id IS NULL THEN {Reason.UNSUBSCRIBED}
        {{more}}
        WHEN c.paused_until > %(now)s THEN {Reason.PAUSED}
        ELSE 0
    END
"""
_LEFT_LISTS = f"""
        WHEN NOT stands.anywhere OR (stands.beside AND NOT stands.subscribed_beside) THEN {Reason.UNSUBSCRIBED}
"""

# Who may be kept from being mailed for what is known of the person or the address: few, and found by index. Everybody else's
# reason is 0 but for how they stand on lists.
MARKED = """
    SELECT c.id FROM privacy_restriction r CROSS JOIN LATERAL (
        SELECT id FROM contacts_contact WHERE account_id = %(account)s AND email_hash = r.address_hash LIMIT 1
    ) c
    WHERE r.account_id = %(account)s
    UNION
    SELECT c.id FROM privacy_suppression s CROSS JOIN LATERAL (
        SELECT id FROM contacts_contact WHERE account_id = %(account)s AND email_hash = s.address_hash LIMIT 1
    ) c
    WHERE s.account_id = %(account)s
    UNION
    SELECT c.id FROM contacts_contact c WHERE c.account_id = %(account)s AND c.paused_until > %(now)s
    UNION
    SELECT c.id FROM contacts_contact c
    JOIN privacy_domainsuppression d ON d.account_id = c.account_id AND d.domain = split_part(c.email, '@', 2)
    WHERE c.account_id = %(account)s
      AND EXISTS (SELECT 1 FROM privacy_domainsuppression WHERE account_id = %(account)s)
"""
# Their contacts, for a table `candidates k`.
LOOKED_UP = """
    CROSS JOIN LATERAL (SELECT * FROM contacts_contact WHERE account_id = %(account)s AND id = k.id LIMIT 1) c
"""
# Whom a mailing to segments may leave out for how they stand on lists: they are off one at least.
OFF_A_LIST = """
    SELECT b.contact_id FROM contacts_subscription b
    WHERE b.account_id = %(account)s AND b.state <> 'subscribed'
"""
# Whom one to lists leaves out for it, of a table `people`.
_NOT_SUBSCRIBED = """
    SELECT p.id FROM people p WHERE NOT EXISTS (
        SELECT 1 FROM contacts_subscription b
        WHERE b.account_id = %(account)s AND b.list_id = ANY(%(lists)s::bigint[]) AND b.contact_id = p.id
          AND b.state = 'subscribed'
    )
"""


def candidates(mailing: Mailing) -> str:
    """Return the statement that finds everybody of a table `people(id)` who may be left out, and some others."""
    if mailing.beside_lists is not None:
        return f"{MARKED} UNION {OFF_A_LIST}"
    return f"{MARKED} UNION {_NOT_SUBSCRIBED}" if mailing.list_ids else MARKED


def joins(mailing: Mailing) -> str:
    """Return what is joined to a contact `c` to judge it for this mailing."""
    return _JOINS if mailing.beside_lists is None else _JOINS + _JOIN_ALL_LISTS


def reason(mailing: Mailing) -> str:
    """Return the expression of why a contact is not mailed by this mailing; 0 where it is."""
    return _REASON.format(more="" if mailing.beside_lists is None else _LEFT_LISTS)
