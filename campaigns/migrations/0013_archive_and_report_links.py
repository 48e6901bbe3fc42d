"""The archive of sent campaigns, and links to reports."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables

_ACCOUNT = {
    "db_index": False,
    "on_delete": django.db.models.deletion.CASCADE,
    "related_name": "%(class)s_set",
    "to": "accounts.account",
}
_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("campaigns", "0012_variants_of_content_and_time"),
        ("contacts", "0019_paused_by_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="in_archive",
            field=models.BooleanField(help_text="Empty: as the archive’s setting says.", null=True),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(
                condition=models.Q(sent_at__isnull=False),
                fields=["account", "-sent_at", "-id"],
                name="campaigns_by_sent",
            ),
        ),
        migrations.CreateModel(
            name="Archive",
            fields=[
                ("id", _ID),
                ("is_open", models.BooleanField(db_default=False, default=False, help_text="Whether anybody sees it.")),
                (
                    "includes_since",
                    models.DateTimeField(
                        help_text="Campaigns sent since are in it unless taken out. Empty: only those that were added.",
                        null=True,
                    ),
                ),
                (
                    "is_indexed",
                    models.BooleanField(
                        db_default=False, default=False, help_text="Whether search engines may list it."
                    ),
                ),
                ("intro", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("updated_at", models.DateTimeField()),
                ("account", models.ForeignKey(**_ACCOUNT)),
                (
                    "form",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        help_text="Where its readers sign up; it looks like it.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="contacts.form",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("account",), name="one_archive_per_account")],
            },
        ),
        migrations.CreateModel(
            name="ReportLink",
            fields=[
                ("id", _ID.clone()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "opened_at",
                    models.DateTimeField(help_text="When somebody last opened it, to five minutes.", null=True),
                ),
                ("account", models.ForeignKey(**_ACCOUNT)),
                (
                    "campaign",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="report_links",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account", "campaign"], name="report_links_of_campaign"),
                    models.Index(fields=["expires_at"], name="report_links_by_end"),
                ],
            },
        ),
        ProtectTables(["Archive", "ReportLink"]),
    ]
