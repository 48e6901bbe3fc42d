"""Audiences of segments, and what is left out of one."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("campaigns", "0003_tested_and_deleted"),
        ("contacts", "0013_segment_counts"),
    ]

    operations = [
        migrations.AddField("campaignlist", "excluded", models.BooleanField(db_default=False, default=False)),
        migrations.CreateModel(
            name="CampaignSegment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("excluded", models.BooleanField(db_default=False, default=False)),
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
                        related_name="segment_links",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "segment",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="campaign_links",
                        to="contacts.segment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account", "campaign", "segment"), name="one_segment_per_campaign")
                ],
            },
        ),
        ProtectTables(["CampaignSegment"]),
    ]
