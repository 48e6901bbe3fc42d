"""Where providers report what became of messages."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("delivery", "0004_timed"),
        ("tracking", "0007_review_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookDoor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sealed_secret",
                    models.BinaryField(help_text="The provider's signing key, or a password that we made, sealed."),
                ),
                ("created_at", models.DateTimeField()),
                ("last_event_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s_set",
                        to="accounts.account",
                    ),
                ),
                (
                    "connection",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_doors",
                        to="delivery.connection",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "connection"), name="one_webhook_per_connection")
                ],
            },
        ),
        ProtectTables(["WebhookDoor"]),
    ]
