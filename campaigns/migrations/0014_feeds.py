"""Feeds whose news become campaigns."""

import django.db.models.deletion
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("campaigns", "0013_archive_and_report_links"),
    ]

    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("pattern", "Pattern of a feed"),
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
        migrations.CreateModel(
            name="Feed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("url", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("active", "Active"), ("paused", "Paused")], default="paused", max_length=6
                    ),
                ),
                (
                    "every",
                    models.CharField(
                        choices=[("day", "Every day"), ("week", "Every week"), ("month", "Every month")],
                        default="week",
                        max_length=5,
                    ),
                ),
                ("weekday", models.PositiveSmallIntegerField(default=0, help_text="0: Monday; for each week.")),
                (
                    "month_day",
                    models.PositiveSmallIntegerField(
                        default=1, help_text="For each month; the last day where it is shorter."
                    ),
                ),
                ("clock", models.TimeField()),
                ("zone", models.CharField(max_length=64)),
                ("most_items", models.PositiveSmallIntegerField(default=5)),
                ("only_if_new", models.BooleanField(default=True)),
                (
                    "by_itself",
                    models.BooleanField(
                        default=False, help_text="Sent without anybody's looking; else a draft is made."
                    ),
                ),
                (
                    "begin_with",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="How many of the items there were are mailed too."
                    ),
                ),
                ("next_at", models.DateTimeField(help_text="When it runs next; none while it is paused.", null=True)),
                ("retry_at", models.DateTimeField(help_text="When what failed is tried again.", null=True)),
                ("problem", models.CharField(blank=True, max_length=300)),
                (
                    "failures",
                    models.PositiveSmallIntegerField(default=0, help_text="Runs that failed one after the other."),
                ),
                ("wanted_at", models.DateTimeField(help_text="When somebody last wanted it looked at.", null=True)),
                ("looked_at", models.DateTimeField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("etag", models.CharField(blank=True, max_length=200)),
                ("modified", models.CharField(blank=True, max_length=100)),
                ("title", models.CharField(blank=True, max_length=300)),
                ("link", models.TextField(blank=True)),
                (
                    "items",
                    models.JSONField(
                        default=list, help_text="Its newest items, as they were when it was last looked at."
                    ),
                ),
                (
                    "begun_at",
                    models.DateTimeField(help_text="When the items were noted that are not mailed.", null=True),
                ),
                ("created_at", models.DateTimeField()),
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
                    "pattern",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        help_text="Each run becomes a copy of it.",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feeds",
                        to="campaigns.campaign",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FeedRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("made", "Made a campaign"), ("nothing", "Nothing new"), ("failed", "Failed")],
                        max_length=7,
                    ),
                ),
                ("ended_at", models.DateTimeField()),
                ("items", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.CharField(blank=True, max_length=300)),
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
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="feed_runs",
                        to="campaigns.campaign",
                    ),
                ),
                (
                    "feed",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runs",
                        to="campaigns.feed",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="FeedItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key_hash",
                    models.BinaryField(
                        help_text="SHA-256 of its identity, or of its address where it has none.", max_length=32
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=300)),
                ("url", models.TextField(blank=True)),
                ("seen_at", models.DateTimeField()),
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
                    "feed",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="seen_items",
                        to="campaigns.feed",
                    ),
                ),
                (
                    "run",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="mailed_items",
                        to="campaigns.feedrun",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(
                condition=models.Q(("next_at__isnull", False)), fields=["next_at"], name="feeds_by_next"
            ),
        ),
        migrations.AddIndex(
            model_name="feed",
            index=models.Index(
                condition=models.Q(("wanted_at__isnull", False)), fields=["wanted_at"], name="feeds_wanted"
            ),
        ),
        migrations.AddConstraint(
            model_name="feed",
            constraint=models.UniqueConstraint(fields=("account", "pattern"), name="one_feed_per_pattern"),
        ),
        migrations.AddConstraint(
            model_name="feedrun",
            constraint=models.UniqueConstraint(fields=("account", "feed", "due_at"), name="one_feed_run_per_time"),
        ),
        migrations.AddConstraint(
            model_name="feeditem",
            constraint=models.UniqueConstraint(fields=("account", "feed", "key_hash"), name="one_feed_item_per_key"),
        ),
        ProtectTables(["Feed", "FeedRun", "FeedItem"]),
    ]
