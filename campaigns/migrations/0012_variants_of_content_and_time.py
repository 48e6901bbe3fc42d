"""Content and time of variants, and for which of them a mail could not be filled in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_variants"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="rest_goes",
            field=models.CharField(
                choices=[
                    ("once", "As soon as the winner is chosen"),
                    ("clock", "At the winner’s time of day, the next time clocks show it"),
                ],
                db_default="once",
                default="once",
                help_text="Where variants differ in the time of day.",
                max_length=5,
            ),
        ),
        migrations.AddField(
            model_name="rehearsalfailure",
            name="variant",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Where there are several.", max_length=1
            ),
        ),
        migrations.AddField(
            model_name="variant",
            name="clock",
            field=models.TimeField(help_text="At what time of day it is tried, in the campaign’s zone.", null=True),
        ),
        migrations.AddField(
            model_name="variant",
            name="has_own_content",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Otherwise it says what the first variant says."
            ),
        ),
        migrations.AlterField(
            model_name="campaign",
            name="if_undecided",
            field=models.CharField(
                choices=[("first", "Send the first of those that are level"), ("wait", "Wait for me to choose")],
                db_default="first",
                default="first",
                max_length=5,
            ),
        ),
    ]
