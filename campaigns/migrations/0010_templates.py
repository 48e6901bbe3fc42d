"""Own templates."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_media"), ("campaigns", "0009_visual")]

    operations = [
        migrations.CreateModel(
            name="Template",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("occasion", models.CharField(blank=True, help_text="One of the gallery’s.", max_length=10)),
                ("kind", models.CharField(max_length=8)),
                ("subject", models.CharField(blank=True, max_length=250)),
                ("preheader", models.CharField(blank=True, max_length=250)),
                ("source", models.TextField(blank=True)),
                ("text", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
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
                (
                    "draft",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        help_text="In which it is being edited.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="templates",
                        to="campaigns.campaign",
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["account", "-id"], name="templates_by_age")]},
        ),
        ProtectTables(["Template"]),
    ]
