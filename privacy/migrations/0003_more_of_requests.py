from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0002_walls")]

    operations = [
        migrations.AddField(
            model_name="privacyrequest",
            name="promise_restarted_at",
            field=models.DateTimeField(
                help_text="Counted from a late verification from then on, and the person was told.", null=True
            ),
        ),
        migrations.AddField(
            model_name="privacyrequest",
            name="reminders",
            field=models.PositiveSmallIntegerField(default=0, help_text="Reminders to verify that were mailed."),
        ),
        migrations.AddField(
            model_name="privacyrequest",
            name="alerted_on",
            field=models.DateField(help_text="When the DPO was last reminded.", null=True),
        ),
    ]
