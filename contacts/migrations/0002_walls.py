"""Policies and composite keys of the tables of contacts."""

from django.db import migrations

from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial"), ("privacy", "0002_walls")]

    operations = [
        ProtectTables(
            [
                "Contact",
                "CustomField",
                "Tag",
                "ContactTag",
                "ContactEvent",
                "List",
                "Subscription",
                "Form",
                "FormSubmission",
                "Import",
                "ImportRefusal",
                "Segment",
            ]
        ),
        # Prefix search by address; the keys in other indexes are compared with the database's collation.
        migrations.RunSQL(
            "CREATE INDEX contact_by_prefix ON contacts_contact (account_id, email text_pattern_ops)",
            "DROP INDEX contact_by_prefix",
        ),
    ]
