"""Versions of what a campaign says, own text parts, and two more ways of writing."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import emailconcert.lib.tenancy.models
from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_media"),
        ("campaigns", "0004_segments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="variant",
            name="revision",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                help_text="Counts every save, so that nobody saves over what they have not seen.",
            ),
        ),
        migrations.AddField(
            model_name="variant",
            name="text",
            field=models.TextField(
                blank=True, db_default="", default="", help_text="Own text part; empty: made from the mail."
            ),
        ),
        migrations.AlterField(
            model_name="variant",
            name="kind",
            field=models.CharField(
                choices=[("markdown", "Markdown"), ("rich", "Rich text"), ("html", "HTML"), ("mjml", "MJML")],
                default="markdown",
                max_length=8,
            ),
        ),
        migrations.CreateModel(
            name="ContentVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("saved", "Saved"),
                            ("autosaved", "Saved while writing"),
                            ("changed", "Way of writing changed"),
                            ("restored", "Restored"),
                            ("beside", "Kept beside: somebody else had saved"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("markdown", "Markdown"), ("rich", "Rich text"), ("html", "HTML"), ("mjml", "MJML")],
                        max_length=8,
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=250)),
                ("preheader", models.CharField(blank=True, max_length=250)),
                ("source", models.TextField(blank=True)),
                ("text", models.TextField(blank=True)),
                ("page", models.CharField(blank=True, help_text="The opened editor that it came from.", max_length=16)),
                ("begun_at", models.DateTimeField(help_text="Of saves that replaced each other, when the first was.")),
                ("saved_at", models.DateTimeField()),
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
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "variant",
                    emailconcert.lib.tenancy.models.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="campaigns.variant",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "variant", "number"), name="one_content_version_per_number"
                    )
                ],
            },
        ),
        ProtectTables(["ContentVersion"]),
    ]
