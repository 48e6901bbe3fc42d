"""The media library."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from emailconcert.lib.tenancy.operations import ProtectTables


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_second_factor_and_heads"),
    ]

    operations = [
        migrations.CreateModel(
            name="Media",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("alt_text", models.CharField(blank=True, db_default="", max_length=300)),
                (
                    "kind",
                    models.CharField(choices=[("png", "PNG"), ("jpg", "JPEG"), ("gif", "Animated GIF")], max_length=4),
                ),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("size", models.PositiveIntegerField(help_text="In bytes, with all its smaller sizes.")),
                (
                    "widths",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(),
                        db_default=[],
                        default=list,
                        help_text="The smaller sizes.",
                        size=None,
                    ),
                ),
                (
                    "digest",
                    models.CharField(help_text="Of the file that is kept; names it in its address.", max_length=32),
                ),
                (
                    "source_hash",
                    models.BinaryField(help_text="SHA-256 of the upload: the same one is taken once.", max_length=32),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("deleted_at", models.DateTimeField(null=True)),
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
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["account", "source_hash"], name="media_of_upload"),
                    models.Index(fields=["account", "name", "id"], name="media_by_name"),
                ],
                "constraints": [models.UniqueConstraint(fields=("account", "digest"), name="one_media_per_digest")],
            },
        ),
        ProtectTables(["Media"]),
    ]
