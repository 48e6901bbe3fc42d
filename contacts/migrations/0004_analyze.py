"""Let the application refresh PostgreSQL's statistics after an import; before PostgreSQL 17 autovacuum does it alone."""

from django.db import migrations

TABLES = "contacts_contact, contacts_subscription"


def grant(apps, schema_editor):
    if schema_editor.connection.pg_version >= 170000:
        schema_editor.execute(f"GRANT MAINTAIN ON {TABLES} TO ec_app")


def revoke(apps, schema_editor):
    if schema_editor.connection.pg_version >= 170000:
        schema_editor.execute(f"REVOKE MAINTAIN ON {TABLES} FROM ec_app")


class Migration(migrations.Migration):
    dependencies = [("contacts", "0003_import_created_at")]

    operations = [migrations.RunPython(grant, revoke)]
