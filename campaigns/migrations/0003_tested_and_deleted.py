"""When a test mail last left, and when a draft was deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_walls")]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="tested_at",
            field=models.DateTimeField(help_text="When a test mail last left.", null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="unconfirmed_left_at",
            field=models.DateTimeField(help_text="A member chose to leave them as they are.", null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="problem",
            field=models.CharField(blank=True, default="", help_text="Why it could not be started.", max_length=300),
        ),
        migrations.AddField(
            model_name="campaign",
            name="deleted_at",
            field=models.DateTimeField(help_text="A deleted draft; it can be brought back for a day.", null=True),
        ),
    ]
