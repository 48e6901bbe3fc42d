"""An account with as many contacts as a part wants, on two lists that overlap, some of them barred. Made in SQL, at once."""

import os
from typing import Any

import psycopg

_FILL = """
    INSERT INTO contacts_contact (account_id, email, email_hash, first_name, country, values, source, paused_until)
    SELECT %(account)s, 'reader' || n || '@example' || n %% 500 || '.org', sha256(n::text::bytea), 'Reader' || n,
        (ARRAY['DE','FR','IE','ES'])[1 + n %% 4], jsonb_build_object('orders', 1 + n %% 50), 'import',
        CASE WHEN n %% 1000 = 7 THEN now() + interval '9 days' END
    FROM generate_series(1, %(rows)s) n;
    INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at)
    SELECT account_id, %(list)s, id, CASE WHEN id %% 50 = 0 THEN 'unsubscribed' ELSE 'subscribed' END, 'import', now()
    FROM contacts_contact WHERE account_id = %(account)s;
    INSERT INTO contacts_subscription (account_id, list_id, contact_id, state, source, created_at)
    SELECT account_id, %(beside)s, id, 'subscribed', 'import', now()
    FROM contacts_contact WHERE account_id = %(account)s AND id %% 3 = 0;
    INSERT INTO privacy_suppression (account_id, address_hash, reason, created_at)
    SELECT account_id, email_hash, 'hard_bounce', now() FROM contacts_contact
    WHERE account_id = %(account)s AND id %% 100 = 3
"""
_TABLES = ("contacts_contact", "contacts_subscription", "privacy_suppression")


def make(*, slug: str, rows: int) -> tuple[Any, tuple[Any, Any]]:
    """Return a new account and its lists: one of everybody (one in fifty has left it), one of a third of them."""
    from accounts.models import Account
    from contacts.models import List
    from emailconcert.lib import encryption
    from emailconcert.lib.tenancy import account_scope

    account = Account.objects.create(
        slug=slug, name="Bench", country="IE", sending_quota=10**9, postal_address="1 Quay, Cork"
    )
    _, account.wrapped_key = encryption.new_data_key(account_id=account.pk)
    account.save()
    with account_scope(account):
        news, beside = List.objects.create(name="News"), List.objects.create(name="Offers")
    with psycopg.connect(
        os.environ["DATABASE_OWNER_URL"], autocommit=True, cursor_factory=psycopg.ClientCursor
    ) as owner:
        keys = {"account": account.pk, "list": news.pk, "beside": beside.pk, "rows": rows}
        for statement in _FILL.split(";"):
            owner.execute(statement, keys)
        for table in _TABLES:
            owner.execute(f"VACUUM ANALYZE {table}")
    return account, (news, beside)
