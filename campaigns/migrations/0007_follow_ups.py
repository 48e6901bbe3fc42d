"""Which campaign another one follows, and to whom of its people."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import composite_key


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_timing")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="follow_up_kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("not_opened", "To those who did not open it"),
                    ("joined", "To those who joined since"),
                    ("failed", "To those whose mail failed for now"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="follow_up_of",
            field=emailconcert.lib.tenancy.models.TenantForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="follow_ups",
                to="campaigns.campaign",
            ),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(
                condition=models.Q(("follow_up_of__isnull", False)),
                fields=["follow_up_of"],
                name="campaigns_follow_ups",
            ),
        ),
        migrations.RunSQL(
            composite_key("campaigns_campaign", "follow_up_of_id", "campaigns_campaign"),
            "ALTER TABLE campaigns_campaign DROP CONSTRAINT campaigns_campaign_follow_up_of_id_same",
        ),
    ]
