"""Recovery codes are throttled with their profile's authenticator; chains get heads, for the platform's role only."""

import django.db.models.deletion
from django.db import migrations, models

from emailconcert.lib.tenancy.operations import platform_only


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_walls")]

    operations = [
        migrations.RemoveField(model_name="recoverycode", name="throttling_failure_count"),
        migrations.RemoveField(model_name="recoverycode", name="throttling_failure_timestamp"),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField()),
                ("last_mac", models.BinaryField(max_length=32)),
                ("mac", models.BinaryField(max_length=32)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.account",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account",), name="one_head_per_chain", nulls_distinct=False)
                ],
            },
        ),
        migrations.RunSQL(platform_only("accounts_audithead"), migrations.RunSQL.noop),
    ]
