"""Connections say what they carry, and how their last test went."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import composite_key


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0008_drop_dkim_columns"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="for_domain",
            field=emailconcert.lib.tenancy.models.TenantForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="connections",
                to="delivery.sendingdomain",
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="for_kind",
            field=models.CharField(blank=True, help_text="Only this kind of mailing; empty: any.", max_length=13),
        ),
        migrations.AddField(
            model_name="connection",
            name="provider",
            field=models.CharField(db_default="smtp", default="smtp", help_text="Key of delivery.esps.", max_length=20),
        ),
        migrations.AddField(
            model_name="connection",
            name="shown",
            field=models.CharField(
                blank=True, help_text="What may be shown of its settings, no secret.", max_length=255
            ),
        ),
        migrations.AddField(
            model_name="connection",
            name="test_asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="connection",
            name="test_steps",
            field=models.JSONField(default=list, help_text="[what was tried, whether it worked, words] in turn."),
        ),
        migrations.AddField(
            model_name="connection",
            name="tested_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name="connection",
            name="is_default",
            field=models.BooleanField(default=False, help_text="Carries what no rule sends elsewhere."),
        ),
        migrations.RunSQL(
            composite_key("delivery_connection", "for_domain_id", "delivery_sendingdomain"),
            "ALTER TABLE delivery_connection DROP CONSTRAINT delivery_connection_for_domain_id_same",
        ),
    ]
