"""What was tried and asked before a campaign is sent."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("campaigns", "0007_follow_ups"),
        ("contacts", "0018_import_without_list"),
    ]

    operations = [
        migrations.CreateModel(
            name="Rehearsal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Broken off"),
                        ],
                        default="queued",
                        max_length=7,
                    ),
                ),
                ("total", models.BigIntegerField(help_text="How many people it was to be tried for.")),
                ("tried", models.BigIntegerField(db_default=0, default=0)),
                (
                    "failing",
                    models.BigIntegerField(db_default=0, default=0, help_text="For how many it can't be filled."),
                ),
                ("position", models.BigIntegerField(db_default=0, default=0, help_text="The last contact tried.")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        db_default=0, default=0, help_text="Slices begun since a piece was committed last."
                    ),
                ),
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
                    "campaign",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rehearsals",
                        to="campaigns.campaign",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RehearsalFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message", models.CharField(max_length=300)),
                ("part", models.CharField(max_length=10)),
                ("line", models.PositiveIntegerField(default=0)),
                ("column", models.PositiveIntegerField(default=0)),
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
                    "contact",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="contacts.contact"
                    ),
                ),
                (
                    "rehearsal",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="failures",
                        to="campaigns.rehearsal",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LinkAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.TextField()),
                ("url_hash", models.BinaryField(help_text="SHA-256 of the address.", max_length=32)),
                ("wanted_at", models.DateTimeField(help_text="When a review last wanted to know.")),
                ("asked_at", models.DateTimeField(null=True)),
                (
                    "verdict",
                    models.CharField(blank=True, db_default="", help_text="answers, dead or unclear.", max_length=8),
                ),
                ("said", models.CharField(blank=True, db_default="", help_text="404 Not Found.", max_length=120)),
                ("lease_until", models.DateTimeField(null=True)),
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
                "indexes": [models.Index(fields=["wanted_at"], name="links_by_wanted")],
                "constraints": [models.UniqueConstraint(fields=("account", "url_hash"), name="one_answer_per_link")],
            },
        ),
        migrations.AddIndex(
            model_name="rehearsal",
            index=models.Index(
                condition=models.Q(("state__in", ("queued", "running"))), fields=["state"], name="rehearsals_to_go_on"
            ),
        ),
        migrations.AddConstraint(
            model_name="rehearsal",
            constraint=models.UniqueConstraint(fields=("account", "campaign"), name="one_rehearsal_per_campaign"),
        ),
        migrations.AddConstraint(
            model_name="rehearsalfailure",
            constraint=models.UniqueConstraint(
                fields=("account", "rehearsal", "contact"), name="one_rehearsal_failure_per_contact"
            ),
        ),
        ProtectTables(["Rehearsal", "RehearsalFailure", "LinkAnswer"]),
    ]
