"""Tests of variants on a sample: how, and what won."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0010_templates"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="campaign",
            name="campaigns_to_look_after",
        ),
        migrations.AddField(
            model_name="campaign",
            name="decide_at",
            field=models.DateTimeField(help_text="When the winner is chosen by itself.", null=True),
        ),
        migrations.AddField(
            model_name="campaign",
            name="if_undecided",
            field=models.CharField(
                choices=[("first", "Send variant A"), ("wait", "Wait for me to choose")],
                db_default="first",
                default="first",
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="sample_percent",
            field=models.PositiveSmallIntegerField(
                db_default=20,
                default=20,
                help_text="Of a hundred people, how many a test of variants goes to at first.",
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="winner",
            field=models.CharField(blank=True, db_default="", default="", max_length=1),
        ),
        migrations.AddField(
            model_name="campaign",
            name="winner_after",
            field=models.PositiveSmallIntegerField(db_default=4, default=4, help_text="Hours after the sample left."),
        ),
        migrations.AddField(
            model_name="campaign",
            name="winner_by",
            field=models.CharField(
                choices=[
                    ("opens", "Most people who opened it"),
                    ("clicks", "Most people who clicked"),
                    ("hand", "I choose by hand"),
                ],
                db_default="opens",
                default="opens",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="winner_why",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
        migrations.AddField(
            model_name="variant",
            name="from_name",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Another name of the sender's, for this variant.",
                max_length=100,
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("scheduled", "Scheduled"),
                    ("sending", "Sending"),
                    ("testing", "Testing variants"),
                    ("paused", "Paused"),
                    ("sent", "Sent"),
                    ("cancelled", "Cancelled"),
                ],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(
                condition=models.Q(("state__in", ("scheduled", "sending", "testing", "paused"))),
                fields=["state"],
                name="campaigns_to_look_after",
            ),
        ),
    ]
