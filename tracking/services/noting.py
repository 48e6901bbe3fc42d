"""Opt-outs that the edge committed, written down outside of the database with everybody's standing.

The rows of the inbox are there until the file has them: a worker that dies writes them again, which does no harm.
"""

from collections.abc import Sequence

from django.db import connection

from privacy.models import Suppression
from privacy.services import standing_log
from privacy.services.standing_log import Fact
from tracking.models import Kind

# What `tracking_opt_out` has done for each, as far as it still holds: lists that were left, or all mail.
_DONE = """
    SELECT g.account_id, p.email_hash, i.at,
        ARRAY(
            SELECT s.list_id FROM contacts_subscription s
            WHERE s.account_id = g.account_id AND s.contact_id = m.contact_id AND s.list_id = ANY(g.list_ids)
              AND s.state = 'unsubscribed'
        ),
        EXISTS (
            SELECT 1 FROM privacy_suppression b WHERE b.account_id = g.account_id AND b.address_hash = p.email_hash
        )
    FROM tracking_inbox i
    JOIN delivery_mailing g ON g.id = i.mailing_id
    JOIN delivery_message m ON m.account_id = g.account_id AND m.mailing_id = i.mailing_id AND m.sequence = i.sequence
    JOIN LATERAL (
        SELECT email_hash FROM contacts_contact WHERE account_id = g.account_id AND id = m.contact_id
        UNION ALL
        SELECT email_hash FROM contacts_departedcontact WHERE account_id = g.account_id AND contact_id = m.contact_id
        LIMIT 1
    ) p ON true
    WHERE i.id = ANY(%s) AND i.kind = %s ORDER BY i.id
"""


def note_opt_outs(inbox_ids: Sequence[int]) -> None:
    """Append the opt-outs among these rows of the inbox to the file. Call before they are removed."""
    with connection.cursor() as cursor:
        cursor.execute(_DONE, [list(inbox_ids), Kind.UNSUBSCRIBE])
        rows = cursor.fetchall()
    facts = []
    for account_id, digest, at, list_ids, is_suppressed in rows:
        key = (account_id, bytes(digest))
        facts += [Fact(*key, standing_log.LEFT, at, list_id) for list_id in list_ids]
        if is_suppressed:
            facts.append(Fact(*key, Suppression.Reason.UNSUBSCRIBED, at))
    if facts:
        standing_log.write(facts)
