"""Limits, quiet hours, warm-up plans, and how a mailing is received."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("delivery", "0004_timed"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="put_off",
            field=models.JSONField(
                db_default={},
                default=dict,
                help_text="Per sequence that a server asked to wait: times asked, and until when.",
            ),
        ),
        migrations.CreateModel(
            name="WarmUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_on", models.DateField(help_text="The plan's first day, UTC.")),
                ("is_on", models.BooleanField(default=True)),
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
                    "domain",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="warm_ups",
                        to="delivery.sendingdomain",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WarmUpDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("volume", models.PositiveIntegerField(db_default=0, default=0)),
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
                    "warm_up",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="days", to="delivery.warmup"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MailingHealth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hard_bounces", models.PositiveIntegerField(db_default=0, default=0)),
                ("complaints", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "bounce_level",
                    models.PositiveSmallIntegerField(db_default=0, default=0, help_text="Each doubles the threshold."),
                ),
                ("complaint_level", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "stopped_for",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not stopped"), ("bounces", "Hard bounces"), ("complaints", "Complaints")],
                        db_default="",
                        default="",
                        max_length=10,
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
                    "mailing",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="health", to="delivery.mailing"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account", "mailing"), name="one_health_per_mailing")],
            },
        ),
        migrations.CreateModel(
            name="SendingLimit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("own_per_hour", models.PositiveIntegerField(null=True)),
                ("platform_per_hour", models.PositiveIntegerField(null=True)),
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
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limits",
                        to="delivery.connection",
                    ),
                ),
                (
                    "domain",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limits",
                        to="delivery.sendingdomain",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "connection", "domain"), name="one_limit_each", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SendingRules",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quiet_from", models.TimeField(null=True)),
                ("quiet_until", models.TimeField(null=True)),
                ("bounce_percent", models.DecimalField(decimal_places=2, max_digits=4, null=True)),
                ("complaint_percent", models.DecimalField(decimal_places=2, max_digits=4, null=True)),
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
                "constraints": [models.UniqueConstraint(fields=("account",), name="one_set_of_rules_per_account")],
            },
        ),
        migrations.AddConstraint(
            model_name="warmup",
            constraint=models.UniqueConstraint(fields=("account", "domain"), name="one_warm_up_per_domain"),
        ),
        migrations.AddConstraint(
            model_name="warmupday",
            constraint=models.UniqueConstraint(fields=("account", "warm_up", "day"), name="one_volume_per_day"),
        ),
        ProtectTables(["WarmUp", "WarmUpDay", "MailingHealth", "SendingLimit", "SendingRules"]),
    ]
