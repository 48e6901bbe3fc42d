"""The register of special-category findings."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0004_first_notices"),
        ("accounts", "0003_second_factor_and_heads"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SpecialCategoryFinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("about", models.CharField(choices=[("name", "Name"), ("value", "Values")], max_length=5)),
                (
                    "place",
                    models.CharField(
                        help_text="What is named, or the way the values came: import, form, api…", max_length=30
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("name_key", models.CharField(help_text="The name without case and accents.", max_length=200)),
                ("category", models.CharField(max_length=20)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "To be decided"), ("allowed", "Allowed"), ("upheld", "Upheld")],
                        default="open",
                        max_length=7,
                    ),
                ),
                (
                    "sealed_sample",
                    models.BinaryField(help_text="One value, for the decision; gone once decided.", null=True),
                ),
                ("times", models.PositiveIntegerField(default=1)),
                ("found_at", models.DateTimeField()),
                ("last_found_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
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
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["state", "-found_at"], name="findings_to_decide")],
                "constraints": [
                    models.UniqueConstraint(fields=("account", "name_key", "category"), name="one_finding_per_name")
                ],
            },
        ),
        ProtectTables(["SpecialCategoryFinding"]),
    ]
