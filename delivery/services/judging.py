"""Who may be mailed, as one piece of SQL: asked when an audience is gathered and again at the moment of sending."""

from delivery.models import Reason

# Joins to a contact `c`; needs the parameters of `parameters`. The first reason that holds is the one that is told.
JOINS = """
    LEFT JOIN privacy_restriction r ON r.account_id = c.account_id AND r.address_hash = c.email_hash
    LEFT JOIN privacy_suppression s ON s.account_id = c.account_id AND s.address_hash = c.email_hash
"""
REASON = f"""
    CASE
        WHEN c.id IS NULL THEN {Reason.ERASED}
        WHEN r.id IS NOT NULL THEN {Reason.RESTRICTED}
        WHEN s.reason = 'erased' THEN {Reason.ERASED}
        WHEN s.reason = 'unsubscribed' THEN {Reason.UNSUBSCRIBED}
        WHEN s.id IS NOT NULL THEN {Reason.SUPPRESSED}
        WHEN split_part(c.email, '@', 2) IN (
            SELECT d.domain FROM privacy_domainsuppression d WHERE d.account_id = %(account)s
        ) THEN {Reason.SUPPRESSED}
        WHEN cardinality(%(lists)s::bigint[]) > 0 AND c.id NOT IN (
            SELECT b.contact_id FROM contacts_subscription b
            WHERE b.account_id = %(account)s AND b.list_id = ANY(%(lists)s) AND b.state = 'subscribed' {{among}}
        ) THEN {Reason.UNSUBSCRIBED}
        WHEN c.paused_until > %(now)s THEN {Reason.PAUSED}
        ELSE 0
    END
"""  # noqa: S608  # made of constants


def reason(*, among: str = "") -> str:
    """Return the expression; `among` narrows the subscriptions that are read (`AND b.contact_id …`)."""
    return REASON.format(among=among)
