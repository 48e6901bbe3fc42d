"""Policies and grants of the tables of accounts."""

from django.db import migrations

from emailconcert.lib.tenancy.operations import OWN_ROWS, ProtectTables, append_only, platform_only

AUDIT = ("accounts_auditevent", "accounts_auditactor", "accounts_auditseal")


def audit_statements() -> list[str]:
    """Members read and write their account's audit rows; changing them is left to nobody."""
    statements = []
    for table in AUDIT:
        statements += [
            *platform_only(table),
            f"CREATE POLICY tenant_reads ON {table} FOR SELECT TO ec_app USING ({OWN_ROWS})",
        ]
    for table in AUDIT[:2]:
        statements.append(f"CREATE POLICY tenant_writes ON {table} FOR INSERT TO ec_app WITH CHECK ({OWN_ROWS})")
    statements += append_only("accounts_auditevent", "ec_app", "ec_platform")
    statements += append_only("accounts_auditseal", "ec_app", "ec_platform")
    # The platform erases who acted from the side table; the chain stays whole.
    statements += append_only("accounts_auditactor", "ec_app")
    return statements


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        ProtectTables(["Membership", "Invitation", "ApiKey"]),
        migrations.RunSQL(
            "CREATE POLICY own ON accounts_membership FOR SELECT TO ec_app"
            " USING (user_id = NULLIF(current_setting('ec.user', true), '')::bigint)",
            "DROP POLICY own ON accounts_membership",
        ),
        migrations.RunSQL(platform_only("accounts_outbox"), migrations.RunSQL.noop),
        migrations.RunSQL(audit_statements(), migrations.RunSQL.noop),
    ]
