"""How an account's mail is received, by day, domain and mailbox provider."""

import django.db.models.deletion
from django.db import migrations, models

from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("delivery", "0010_name_providers"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReputationDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("domain", models.CharField(max_length=253)),
                ("provider", models.CharField(max_length=20)),
                ("sent", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "failed",
                    models.PositiveIntegerField(
                        db_default=0, default=0, help_text="Refused while sending, as in the ledger."
                    ),
                ),
                ("hard_bounces", models.PositiveIntegerField(db_default=0, default=0)),
                ("soft_bounces", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "refused",
                    models.PositiveIntegerField(db_default=0, default=0, help_text="For policy or content."),
                ),
                ("complaints", models.PositiveIntegerField(db_default=0, default=0)),
                ("unsubscribes", models.PositiveIntegerField(db_default=0, default=0)),
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
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "day", "domain", "provider"), name="one_row_per_day_and_provider"
                    )
                ],
            },
        ),
        ProtectTables(["ReputationDay"]),
    ]
