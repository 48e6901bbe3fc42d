"""When contacts last opened and clicked, as people."""

from django.db import connection, transaction

from emailconcert.lib.tenancy import account_scope
from tracking.models import ContactActivity

_JOIN = """
    INSERT INTO tracking_contactactivity AS k (account_id, contact_id, last_open, last_click, opens, clicks)
    SELECT account_id, %(kept)s, last_open, last_click, opens, clicks FROM tracking_contactactivity
     WHERE account_id = %(account)s AND contact_id = %(gone)s
    ON CONFLICT (account_id, contact_id) DO UPDATE
       SET last_open = greatest(k.last_open, EXCLUDED.last_open), last_click = greatest(k.last_click, EXCLUDED.last_click),
           opens = k.opens + EXCLUDED.opens, clicks = k.clicks + EXCLUDED.clicks
"""


def join(*, account_id: int, kept: int, gone: int) -> None:
    """Add what is known of a contact to that of the one they were merged into; again adds nothing."""
    with account_scope(account_id), transaction.atomic():
        known = ContactActivity.objects.select_for_update().filter(account_id=account_id, contact_id=gone)
        if known.exists():
            with connection.cursor() as cursor:
                cursor.execute(_JOIN, {"account": account_id, "kept": kept, "gone": gone})
            ContactActivity.objects.filter(account_id=account_id, contact_id=gone).delete()
