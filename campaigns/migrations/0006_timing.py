"""When a campaign goes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_content_versions")]

    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("scheduled", "Scheduled"),
                    ("sending", "Sending"),
                    ("paused", "Paused"),
                    ("sent", "Sent"),
                    ("cancelled", "Cancelled"),
                ],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="timing",
            field=models.CharField(
                choices=[
                    ("now", "Now"),
                    ("at", "At a time"),
                    ("local", "At a time on each person’s own clock"),
                ],
                db_default="now",
                default="now",
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="day",
            field=models.DateField(help_text="With `clock` and `zone`: when it goes, as it was typed.", null=True),
        ),
        migrations.AddField(model_name="campaign", name="clock", field=models.TimeField(null=True)),
        migrations.AddField(
            model_name="campaign",
            name="zone",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="campaign",
            name="spread_hours",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, help_text="0: as fast as it can."),
        ),
        migrations.AddField(
            model_name="campaign",
            name="due_at",
            field=models.DateTimeField(help_text="When the first of a scheduled campaign may leave.", null=True),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(
                condition=models.Q(("state__in", ("scheduled", "sending", "paused"))),
                fields=["state"],
                name="campaigns_to_look_after",
            ),
        ),
    ]
