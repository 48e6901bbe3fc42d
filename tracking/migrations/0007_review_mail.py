"""Mail that nobody understood, for the platform's people alone."""

import django.db.models.deletion
from django.db import migrations, models

from emailconcert.lib.tenancy.operations import platform_only


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("tracking", "0006_own_opt_out_after_a_members"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReviewMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("received_at", models.DateTimeField()),
                (
                    "content_hash",
                    models.BinaryField(help_text="So that the same mail is kept once.", max_length=32, unique=True),
                ),
                (
                    "sealed_content",
                    models.BinaryField(help_text="The mail, sealed; emptied by the decision.", null=True),
                ),
                ("why", models.CharField(help_text="What was not understood.", max_length=200)),
                ("mailing_id", models.BigIntegerField(help_text="By the token that the mail was sent to.", null=True)),
                ("sequence", models.IntegerField(null=True)),
                ("contact_id", models.BigIntegerField(null=True)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("hard", "A hard bounce"),
                            ("soft", "A soft bounce"),
                            ("complaint", "A complaint"),
                            ("ignored", "Nothing"),
                        ],
                        max_length=9,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.account"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["decision", "received_at"], name="review_mail_waiting")],
            },
        ),
        migrations.RunSQL(platform_only("tracking_reviewmail"), migrations.RunSQL.noop),
    ]
