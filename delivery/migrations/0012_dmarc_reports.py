"""DMARC aggregate reports about verified domains."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("delivery", "0011_reputation_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="DmarcReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("org", models.CharField(help_text="Who reports, by their own word.", max_length=100)),
                ("report_id", models.CharField(max_length=200)),
                ("day", models.DateField(help_text="On which it begins, UTC.")),
                (
                    "policy",
                    models.CharField(
                        choices=[("none", "None"), ("quarantine", "To spam"), ("reject", "Refused")], max_length=10
                    ),
                ),
                ("received_at", models.DateTimeField()),
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
                        related_name="dmarc_reports",
                        to="delivery.sendingdomain",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DmarcSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "network",
                    models.CharField(blank=True, help_text="Truncated address; empty: all others.", max_length=45),
                ),
                ("messages", models.BigIntegerField()),
                ("dkim", models.BooleanField(help_text="Signed in the domain's name.")),
                ("spf", models.BooleanField(help_text="Sent from where the domain says.")),
                (
                    "disposition",
                    models.CharField(
                        choices=[("none", "None"), ("quarantine", "To spam"), ("reject", "Refused")], max_length=10
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
                    "report",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sources", to="delivery.dmarcreport"
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="dmarcreport",
            index=models.Index(fields=["account", "domain", "day"], name="dmarc_reports_by_day"),
        ),
        migrations.AddIndex(
            model_name="dmarcreport",
            index=models.Index(fields=["received_at"], name="dmarc_reports_to_sweep"),
        ),
        migrations.AddConstraint(
            model_name="dmarcreport",
            constraint=models.UniqueConstraint(
                fields=("account", "domain", "org", "report_id"), name="one_dmarc_report"
            ),
        ),
        migrations.AddConstraint(
            model_name="dmarcsource",
            constraint=models.UniqueConstraint(
                fields=("account", "report", "network", "dkim", "spf", "disposition"), name="one_dmarc_source"
            ),
        ),
        ProtectTables(["DmarcReport", "DmarcSource"]),
    ]
