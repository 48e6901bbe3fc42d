"""Which blocklists the platform's addresses and verified domains are on."""

from django.db import migrations, models

from emailconcert.lib.tenancy.operations import platform_only


class Migration(migrations.Migration):
    dependencies = [("delivery", "0012_dmarc_reports")]

    operations = [
        migrations.CreateModel(
            name="BlocklistCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="An address or a domain.", max_length=253, unique=True)),
                ("listed", models.JSONField(default=dict, help_text="What each list says that it is on.")),
                ("silent", models.JSONField(default=list, help_text="Lists that gave no answer.")),
                ("checked_at", models.DateTimeField()),
            ],
        ),
        migrations.RunSQL(platform_only("delivery_blocklistcheck"), migrations.RunSQL.noop),
    ]
