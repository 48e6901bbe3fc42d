"""Parts of mails that an account keeps."""

import django.db.models.deletion
from django.db import migrations, models

from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_media"), ("campaigns", "0014_feeds")]

    operations = [
        migrations.CreateModel(
            name="SavedBlock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("source", models.TextField()),
                (
                    "in_column",
                    models.BooleanField(help_text="It stands in a column; otherwise it is a section of its own."),
                ),
                ("created_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(help_text="It can be brought back for a day.", null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s_set",
                        to="accounts.account",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["account", "name"], name="saved_blocks_by_name")]},
        ),
        ProtectTables(["SavedBlock"]),
    ]
